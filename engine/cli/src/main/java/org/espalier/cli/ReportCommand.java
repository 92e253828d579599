package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.job.ReportJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code engine report}: what runs left behind, as a page to look at. */
@Command(
        name = "report",
        description = "Show runs on one page of HTML that needs no network: tables, curves, kept widths, "
                + "importance, texts.",
        footer = {
            "",
            "A folder with comparison.json (engine run, engine demo) is shown whole; one with plan.json and scores.json",
            "(engine prune) or training.json (engine tune) as far as they tell. Several runs are compared.",
            "",
            "Examples:",
            "  engine report my-run --out page.html",
            "  engine report run-20 run-50 pruned --out compared.html --force"
        })
final class ReportCommand extends EngineCommand {

    @Parameters(paramLabel = "DIR", arity = "1..*", description = "Folder that a run left.")
    private List<Path> folders;

    @Mixin
    private OutputOptions output;

    @Override
    void run() {
        List<String> titles = new ReportJob().run(folders, output.destination()).titles();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("runs", titles);
        print(
                result,
                () -> "wrote %s with %d %s"
                        .formatted(output.path(), titles.size(), titles.size() == 1 ? "run" : "runs"));
    }
}
