package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.report.HtmlReport;
import org.espalier.report.PlanSvg;
import org.espalier.report.PlanText;
import org.espalier.report.RunFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code engine plan show}: a plan as a picture. */
@Command(
        name = "show",
        description = "Show what a plan keeps of every layer, and the scores that led to it.",
        footer = {
            "",
            "Examples:",
            "  engine plan show pruned/plan.json",
            "  engine plan show plan.json --scores scores.json --out plan.html"
        })
final class PlanShowCommand extends EngineCommand {

    @Parameters(paramLabel = "PLAN", description = "Plan, as 'engine prune' or 'engine plan' writes it.")
    private Path file;

    @Option(names = "--scores", paramLabel = "FILE", description = "The scores (default: scores.json beside the plan).")
    private Path scores;

    @Mixin
    private PictureOption picture;

    @Override
    void run() {
        picture.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        Plan plan = PlanFile.read(file);
        ScoresFile known = known();
        picture.write(() -> PlanSvg.drawing(plan, known), () -> HtmlReport.page(List.of(RunFolder.of(plan, known))));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("source", plan.source().path());
        result.put("criterion", plan.choice().criterion());
        result.put("mode", plan.choice().mode());
        result.put("scope", plan.choice().scope());
        result.put("ratio_requested", plan.choice().ratioRequested());
        PlanReport.enter(plan, result);
        result.put("parameters_before", plan.parameters().before());
        result.put("parameters_after", plan.parameters().after());
        if (plan.kept().channels() != null) {
            result.put("kept_channels", plan.kept().channels().length);
        }
        result.put(
                "layers",
                plan.kept().layers().stream().map(PlanShowCommand::describe).toList());
        print(result, () -> PlanText.of(plan, known));
    }

    private ScoresFile known() {
        if (scores != null) {
            return RunFolder.scores(scores);
        }
        Path beside = file.resolveSibling("scores.json");
        return Files.exists(beside) ? RunFolder.scores(beside) : null;
    }

    private static SequencedMap<String, Object> describe(Plan.Layer layer) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("layer", layer.layer());
        json.put("heads", layer.keptHeads().length);
        json.put("kv_heads", layer.keptKvHeads().length);
        json.put("neurons", layer.keptNeurons().length);
        return json;
    }
}
