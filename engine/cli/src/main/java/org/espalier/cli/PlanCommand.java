package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.importance.BlockCriterion;
import org.espalier.job.Destination;
import org.espalier.job.PlanJob;
import org.espalier.job.PlanSettings;
import org.espalier.plan.Plan;
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
            "  engine plan show plan.json",
            "  engine plan diff plan.json other.json",
            "'engine compact MODEL --plan plan.json' cuts it out. A plan may be edited first."
        })
final class PlanCommand extends EngineCommand {

    private PlanSettings settings = PlanSettings.defaults();

    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description = "Checkpoint folder (safetensors with config.json) or .gguf file.")
    private Path model;

    @Option(names = "--scores", paramLabel = "FILE", description = "What units are worth, as 'engine score' writes it.")
    private Path scores;

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
        if (model == null || scores == null || out == null) {
            throw wrongUsage("give MODEL, --scores FILE and --out FILE; or 'show' or 'diff'");
        }
        settings = settings.budget(budget.settings());
        requireSound(settings);
        report(new PlanJob(settings).run(model, scores, new Destination(out, force)));
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
