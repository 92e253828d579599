package org.espalier.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.file.Output;
import org.espalier.importance.BlockCriterion;
import org.espalier.job.Destination;
import org.espalier.job.PlanJob;
import org.espalier.job.PlanSettings;
import org.espalier.plan.Frontier;
import org.espalier.plan.Goal.Quantity;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.report.FrontierSvg;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code engine plan}: chooses what goes by scores that were written; shows plans and compares them. */
@Command(
        name = "plan",
        description = "Choose by scores what of a model goes, and write it as a plan; or look at plans.",
        subcommands = {PlanShowCommand.class, PlanDiffCommand.class},
        commandListHeading = "%nOr:%n",
        footer = {
            "",
            "Examples:",
            "  engine plan MODEL --scores scores.json --ratio 0.3 --scope global --out plan.json",
            "  engine plan MODEL --scores scores.json --target macs=0.8x --out plan.json",
            "  engine plan MODEL --scores scores.json --widths widths.json --target memory=200m --out plan.json",
            "  engine plan MODEL --scores scores.json --widths widths.json --frontier macs --out frontier.svg",
            "  engine plan show plan.json",
            "  engine plan diff plan.json other.json",
            "'engine compact MODEL --plan plan.json' cuts it out. A plan may be edited first."
        })
final class PlanCommand extends EngineCommand {

    private static final int POINTS = 33;

    private PlanSettings settings = PlanSettings.defaults();

    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description = "Checkpoint folder (safetensors with config.json) or .gguf file.")
    private Path model;

    @Option(names = "--scores", paramLabel = "FILE", description = "What units are worth, as 'engine score' writes it.")
    private Path scores;

    @Option(
            names = "--frontier",
            paramLabel = "WHAT",
            description =
                    "Instead of one plan, what can be had by the table of --widths: the plans that no other one beats "
                            + "in what is left of ${COMPLETION-CANDIDATES} and in divergence; --out F.svg draws them, F.json lists "
                            + "them.")
    private void frontier(Quantity quantity) {
        settings = settings.frontier(quantity);
    }

    @Option(
            names = "--points",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Plans of --frontier at most (default: 33).")
    private Integer points;

    @Option(names = "--out", paramLabel = "FILE", description = "Where the plan goes.")
    private Path out;

    @Option(names = "--force", description = "Replace the plan if it exists.")
    private boolean force;

    @Section(Topic.SCORING)
    @Option(
            names = "--compat",
            paramLabel = "WHOSE",
            converter = Compat.Converter.class,
            description = "llm-pruner: count units as LLM-Pruner does.")
    private void compat(Compat program) {
        settings = settings.compatible(program == Compat.LLM_PRUNER);
    }

    @Section(Topic.SCORING)
    @Option(
            names = "--block-score",
            paramLabel = "C",
            description = "Which scores of attention, mlp and layers count: ${COMPLETION-CANDIDATES} "
                    + "(default: ${bundle:default.block-score}).")
    private void blockCriterion(BlockCriterion criterion) {
        settings = settings.blockCriterion(criterion);
    }

    @Mixin
    private BudgetOptions budget;

    @Override
    void run() {
        boolean frontier = settings.frontier().isPresent();
        if (model == null || scores == null || out == null && !frontier) {
            throw wrongUsage("give MODEL, --scores FILE and --out FILE; or 'show' or 'diff'");
        }
        if (points != null && !frontier) {
            throw wrongUsage("--points says how many plans --frontier finds: give that as well");
        }
        settings = settings.budget(budget.settings());
        requireSound(settings);
        if (frontier) {
            runFrontier();
            return;
        }
        report(new PlanJob(settings).run(model, scores, new Destination(out, force)));
    }

    private void runFrontier() {
        boolean drawn = out != null && out.toString().endsWith(".svg");
        if (out != null && !drawn && !out.toString().endsWith(".json")) {
            throw wrongUsage("--out " + out + ": name a file that ends in .svg or .json");
        }
        if (out != null) {
            new Destination(out, force).requireFree(model, scores);
        }
        Frontier found = new PlanJob(settings)
                .frontier(model, scores, settings.frontier().orElseThrow(), points == null ? POINTS : points);
        if (out != null) {
            byte[] bytes = drawn ? FrontierSvg.drawing(found).getBytes(StandardCharsets.UTF_8) : PlanFile.bytes(found);
            Output.writeFile(out, force, file -> Files.write(file, bytes));
        }
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("quantity", found.quantity());
        result.put("unit", found.unit());
        result.put("before", found.before());
        result.put("widths_sha256", found.widthsSha256());
        result.put("points", found.points());
        print(result, () -> text(found));
    }

    private String text(Frontier found) {
        Columns columns = new Columns().row(found.quantity() + " left", "of the whole", "parameters", "divergence");
        for (Frontier.Point point : found.points()) {
            columns.row(
                    "%,.0f".formatted(point.left()),
                    "%.1f %%".formatted(100 * point.share()),
                    "%,d".formatted(point.parameters()),
                    "%.4f".formatted(point.divergence()));
        }
        return columns + (out == null ? "" : "%nwrote %s".formatted(out));
    }

    private void report(Plan plan) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", plan.parameters().before());
        result.put("parameters_after", plan.parameters().after());
        result.put("ratio", plan.parameters().removed());
        result.put("plan", out.toString());
        PlanReport.enter(plan, result);
        print(
                result,
                () -> "%,d of %,d parameters are to stay (%.2f %% removed); wrote %s%s"
                        .formatted(
                                plan.parameters().after(),
                                plan.parameters().before(),
                                100 * plan.parameters().removed(),
                                out,
                                PlanReport.text(plan)));
    }
}
