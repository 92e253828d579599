package org.espalier.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.importance.Criterion;
import org.espalier.importance.ScoresFile;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.Planner;
import org.espalier.report.RunFolder;
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
            "  engine plan show plan.json",
            "  engine plan diff plan.json other.json",
            "'engine compact MODEL --plan plan.json' cuts it out. A plan may be edited first."
        })
final class PlanCommand extends EngineCommand {

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

    @Option(
            names = "--compat",
            paramLabel = "WHOSE",
            converter = Compat.Converter.class,
            description = "llm-pruner: count units as LLM-Pruner does.")
    private Compat compat;

    @Mixin
    private BudgetOptions budget;

    @Override
    void run() {
        if (model == null || scores == null || out == null) {
            throw wrongUsage("give MODEL, --scores FILE and --out FILE; or 'show' or 'diff'");
        }
        budget.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        if (!budget.dependency()) {
            throw wrongUsage("--dependency off needs scores of every matrix; use 'engine prune'");
        }
        ScoresFile file = RunFolder.scores(scores);
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            checkSource(file.source(), checkpoint);
            ModelConfig config = Architectures.read(checkpoint.config(), model.toString());
            boolean standardised = Arrays.stream(Criterion.values())
                    .anyMatch(c -> c.standardised() && c.name().equalsIgnoreCase(file.criterion()));
            Plan plan = new Planner(config, budget.budget(config, compat != null, standardised, 1))
                    .plan(file, scores.toString());
            PlanFile.write(plan, out, force);
            report(plan);
        }
    }

    private void checkSource(ScoresFile.Source source, Checkpoint checkpoint) {
        String sha256 = checkpoint.sha256();
        if (!sha256.equals(source.sha256())) {
            throw new Failure(
                    "scores are of other weights (" + source.path() + ", SHA-256 " + source.sha256() + ")",
                    model + ", SHA-256 " + sha256,
                    "use the model that the scores name, or score this one");
        }
    }

    private void report(Plan plan) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", plan.parametersBefore());
        result.put("parameters_after", plan.parametersAfter());
        result.put("ratio", 1 - (double) plan.parametersAfter() / plan.parametersBefore());
        result.put("plan", out.toString());
        print(
                result,
                () -> "%,d of %,d parameters are to stay (%.2f %% removed); wrote %s"
                        .formatted(
                                plan.parametersAfter(),
                                plan.parametersBefore(),
                                100 * (1 - (double) plan.parametersAfter() / plan.parametersBefore()),
                                out));
    }
}
