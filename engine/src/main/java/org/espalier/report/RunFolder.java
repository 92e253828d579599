package org.espalier.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.ffi.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.model.ConfigReader;
import org.espalier.model.Llama;
import org.espalier.prune.Plan;
import org.espalier.prune.PlanFile;
import org.espalier.prune.ScoresFile;

/** What a command left in a folder, as a run that can be shown. */
public final class RunFolder {

    private static final String PLAN = "plan.json";
    private static final String SCORES = "scores.json";

    private RunFolder() {
    }

    /**
     * Reads a folder with a record of a run, or else with a plan and perhaps scores and the model they made.
     *
     * @throws Failure if there is none of them, or one cannot be read
     */
    public static Comparison read(Path folder) {
        Path comparison = folder.resolve(ComparisonFile.NAME);
        if (Files.exists(comparison)) {
            return ComparisonFile.read(comparison);
        }
        Path plan = folder.resolve(PLAN);
        if (!Files.isDirectory(folder) || !Files.exists(plan)) {
            throw new Failure(Files.exists(folder) ? "holds no run" : "no such folder", folder.toString(),
                    "name a folder with %s or %s, as 'engine run' and 'engine prune' write".formatted(ComparisonFile.NAME, PLAN));
        }
        Path scores = folder.resolve(SCORES);
        return pruned(folder, PlanFile.read(plan),
                Files.exists(scores) ? ComparisonFile.read(scores, ScoresFile.class, "file of scores") : null);
    }

    private static Comparison pruned(Path folder, Plan plan, ScoresFile scores) {
        String name = plan.source().path();
        double removed = 1 - (double) plan.parametersAfter() / plan.parametersBefore();
        Comparison.Stage before = new Comparison.Stage("dense", name, plan.parametersBefore(), null, null, null, null, null,
                null, null, Map.of(), null, null);
        return new Comparison(Comparison.FORMAT_VERSION, "%s, %.1f %% smaller".formatted(name, 100 * removed), name, null,
                null, null, null, Map.of(), Map.of(), null, List.of(before, after(folder, plan)), widths(plan, scores), null,
                plan, scores);
    }

    /** What the plan says of the pruned model, with what its files say where they are there. */
    private static Comparison.Stage after(Path folder, Plan plan) {
        Long macs = null;
        Long bytes = null;
        if (Files.exists(folder.resolve("config.json"))) {
            try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                macs = macs(checkpoint);
                bytes = checkpoint.weightBytes();
            }
        }
        return new Comparison.Stage("pruned", folder.toString(), plan.parametersAfter(), macs, bytes, null, null, null, null,
                null, Map.of(), null, null);
    }

    /** Multiplications and additions of a model's pass for one token that has none before it. */
    public static long macs(Checkpoint checkpoint) {
        return new Llama(ConfigReader.read(checkpoint.config(), checkpoint.path().toString())).logits(1).tape().flops() / 2;
    }

    /** A plan does not say how wide layers were; scores do of those that could lose units, and the others lost none. */
    private static List<Comparison.Widths> widths(Plan plan, ScoresFile scores) {
        List<Comparison.Widths> widths = new ArrayList<>();
        if (scores == null) {
            return widths;
        }
        for (Plan.Layer layer : plan.layers()) {
            int keptHeads = layer.keptHeads().length;
            int keptKvHeads = layer.keptKvHeads().length;
            int kvHeads = scored(UnitKind.KV_HEADS, scores, layer).orElse(keptKvHeads);
            int heads = scored(UnitKind.QUERY_HEADS, scores, layer)
                    .orElse(keptKvHeads == 0 ? keptHeads : kvHeads * (keptHeads / keptKvHeads));
            widths.add(new Comparison.Widths(layer.layer(), heads, kvHeads,
                    scored(UnitKind.NEURONS, scores, layer).orElse(layer.keptNeurons().length)));
        }
        return widths;
    }

    private static Optional<Integer> scored(UnitKind kind, ScoresFile scores, Plan.Layer layer) {
        return Optional.ofNullable(kind.scores(scores).get(layer.layer())).map(s -> s.length);
    }
}
