package org.espalier.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.file.Output;
import org.espalier.report.Comparison;
import org.espalier.report.HtmlReport;
import org.espalier.report.RunFolder;
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
        List<Comparison> runs = folders.stream().map(RunFolder::read).toList();
        byte[] page = HtmlReport.page(runs).getBytes(StandardCharsets.UTF_8);
        Output.writeFile(output.path(), output.destination().replace(), file -> Files.write(file, page));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("runs", runs.stream().map(Comparison::title).toList());
        print(
                result,
                () -> "wrote %s with %d %s".formatted(output.path(), runs.size(), runs.size() == 1 ? "run" : "runs"));
    }
}
