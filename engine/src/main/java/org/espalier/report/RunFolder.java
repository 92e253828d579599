package org.espalier.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.importance.ScoresFile;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.MultiplyAdds;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;

/** What a command left in a folder, as a run that can be shown. */
public final class RunFolder {

    private static final String PLAN = "plan.json";
    private static final String SCORES = "scores.json";

    private RunFolder() {}

    /**
     * Reads a folder with a record of a run, or else with that of a training, or with a plan and perhaps scores and the
     * model they made.
     *
     * @throws Failure if there is none of them, or one cannot be read
     */
    public static Comparison read(Path folder) {
        Path comparison = folder.resolve(ComparisonFile.NAME);
        if (Files.exists(comparison)) {
            return ComparisonFile.read(comparison);
        }
        if (Files.exists(folder.resolve(TrainingFile.NAME))) {
            return trained(TrainingFile.read(folder));
        }
        Path plan = folder.resolve(PLAN);
        if (!Files.isDirectory(folder) || !Files.exists(plan)) {
            throw new Failure(
                    Files.exists(folder) ? "holds no run" : "no such folder",
                    folder.toString(),
                    "name a folder with %s, %s or %s, as 'engine run', 'engine prune' and 'engine tune' write"
                            .formatted(ComparisonFile.NAME, PLAN, TrainingFile.NAME));
        }
        Path scores = folder.resolve(SCORES);
        Plan read = PlanFile.read(plan);
        return pruned(read, Files.exists(scores) ? scores(scores) : null, after(folder, read));
    }

    /**
     * Reads scores.
     *
     * @throws Failure if there are none, or one is not a finite number
     */
    public static ScoresFile scores(Path file) {
        ScoresFile scores = ComparisonFile.read(file, ScoresFile.class, "file of scores");
        scores.requireSound(file.toString());
        return scores;
    }

    /** A plan as a run that can be shown; {@code scores} may be null. */
    public static Comparison of(Plan plan, ScoresFile scores) {
        return pruned(
                plan,
                scores,
                new Comparison.Stage(
                        "pruned",
                        plan.source().path(),
                        List.of(StandardMeasure.PARAMETERS.of(plan.parameters().after())),
                        null));
    }

    private static Comparison trained(TrainingFile file) {
        List<Comparison.Point> heldOut = file.training().evalLosses();
        String protocol = "";
        Map<String, String> notes = new LinkedHashMap<>();
        if (file.data() != null) {
            notes.put(
                    "data",
                    "%s, read as %s, SHA-256 %s"
                            .formatted(
                                    file.data().path(),
                                    file.data().format(),
                                    file.data().sha256()));
            protocol = heldOutLossProtocol(file.data().heldOut(), file.data().path());
        }
        List<Comparison.Stage> stages = heldOut.isEmpty()
                ? List.of()
                : List.of(
                        trained("before", heldOut.getFirst(), protocol),
                        trained("trained", file.training().kept().orElse(heldOut.getLast()), protocol));
        return new Comparison(
                Comparison.FORMAT_VERSION,
                "Adapter for " + file.model(),
                Comparison.Circumstances.of(file.model(), notes),
                null,
                stages,
                List.of(),
                file.training(),
                null,
                null);
    }

    /** How a held-out loss is measured. */
    public static String heldOutLossProtocol(int samples, String data) {
        return "nats a token that counts, on %,d samples of %s that were not trained on".formatted(samples, data);
    }

    private static Comparison.Stage trained(String name, Comparison.Point heldOut, String protocol) {
        return new Comparison.Stage(
                name, null, List.of(StandardMeasure.HELD_OUT_LOSS.of(heldOut.loss(), protocol)), null);
    }

    /** Without scores the widths before pruning would be a guess. */
    private static Comparison pruned(Plan plan, ScoresFile scores, Comparison.Stage after) {
        String name = plan.source().path();
        List<Comparison.Widths> widths = scores == null ? List.of() : PlanWidths.of(plan, scores);
        double removed = plan.parameters().removed();
        Comparison.Stage before = new Comparison.Stage(
                "dense",
                name,
                List.of(StandardMeasure.PARAMETERS.of(plan.parameters().before())),
                null);
        return new Comparison(
                Comparison.FORMAT_VERSION,
                "%s, %.1f %% smaller".formatted(name, 100 * removed),
                Comparison.Circumstances.of(name, Map.of()),
                null,
                List.of(before, after),
                widths,
                null,
                plan,
                scores);
    }

    /** What the plan says of the pruned model, with what its files say where they are there. */
    private static Comparison.Stage after(Path folder, Plan plan) {
        List<Measure> measures = new ArrayList<>(
                List.of(StandardMeasure.PARAMETERS.of(plan.parameters().after())));
        if (Files.exists(folder.resolve("config.json"))) {
            try (Checkpoint checkpoint = Checkpoints.open(folder)) {
                ModelConfig config = Architectures.read(
                        checkpoint.config(), checkpoint.path().toString());
                measures.addAll(macs(config));
                measures.add(StandardMeasure.WEIGHTS.of(checkpoint.weightBytes()));
            }
        }
        return new Comparison.Stage("pruned", folder.toString(), measures, null);
    }

    /** Multiplications and additions of a model of this shape, as {@link MultiplyAdds} counts them. */
    public static List<Measure> macs(ModelConfig config) {
        int tokens = MultiplyAdds.USUAL_TOKENS;
        return List.of(
                StandardMeasure.MACS.of(
                        MultiplyAdds.of(config, 1).count(),
                        "multiply-adds of a pass over one token, counted as LLM-Pruner does"),
                StandardMeasure.PASS_MACS.of(
                        MultiplyAdds.of(config, tokens).count(),
                        "multiply-adds of a pass over %d tokens, counted as LLM-Pruner does".formatted(tokens)));
    }
}
