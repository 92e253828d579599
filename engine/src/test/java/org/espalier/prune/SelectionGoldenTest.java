package org.espalier.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.format.Checkpoint;
import org.espalier.model.Model;
import org.espalier.model.Scorer;
import org.espalier.prune.Allocation.Normalise;
import org.espalier.prune.ModelScores.Walking;
import org.espalier.prune.UnitScores.Alignment;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What LLM-Pruner's own code chose, in every block-wise run whose scores are computed here, and layer-wise. */
class SelectionGoldenTest {

    private static final Set<String> KINDS = Set.of("vectorize", "param_first", "param_second", "param_mix", "l1", "l2");

    /** Members are aggregated on the host: on a device one aggregate is enough. */
    @ParameterizedTest
    @CsvSource({"cpu, mha, 58", "cpu, gqa, 59", "cuda, mha, 24", "cuda, gqa, 23"})
    void theSameUnitsStay(String device, String name, int runs, @TempDir Path scratch) {
        Path folder = Shared.path("golden/" + name);
        Calibration calibration = new Calibration(
                List.of(Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids"))));
        int compared = 0;
        try (Backend backend = Backends.open(device); Checkpoint checkpoint = Checkpoint.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend)) {
            Pruning pruning = new Pruning(checkpoint, model, Walking.inMemory(), scratch.resolve("steps"));
            for (JsonNode run : Golden.json(folder.resolve("runs.json")).get("runs")) {
                if (run.get("mode").asText().equals("block") && KINDS.contains(run.get("kind").asText())
                        && (device.equals("cpu") || run.get("reduction").asText().equals("sum"))) {
                    compare(run, pruning.plan(method(run), budget(run), Optional.of(calibration)).plan());
                    compared++;
                }
            }
        }
        assertEquals(runs, compared);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mha", "gqa"})
    void theFirstLayersStay(String name, @TempDir Path folder) {
        Path golden = Shared.path("golden/" + name);
        JsonNode run = Golden.json(golden.resolve("runs.json")).get("runs").valueStream()
                .filter(r -> r.get("id").asText().equals("layer_3")).findFirst().orElseThrow();
        Budget quarter = new Budget(new Budget.Amount(0.25, true, 1, 1), Allocation.Scope.LOCAL, Normalise.NONE,
                new Budget.Candidates(List.of(), List.of(BlockScores.Kind.LAYERS), BlockCriterion.POSITION, layer -> true,
                        layer -> true, true));
        try (Backend backend = Backends.open("cpu"); Checkpoint checkpoint = Checkpoint.open(golden.resolve("model"));
                Model model = Model.open(checkpoint, backend)) {
            ModelScores.Method any = new ModelScores.Method(Criterion.L2, Aggregate.SUM, Alignment.BY_UNIT, 0);
            Pruning.Result result = new Pruning(checkpoint, model, Walking.inMemory(), folder.resolve("steps")).plan(any, quarter, Optional.empty());
            assertEquals(run.get("params_after").asLong(), result.plan().parametersAfter());
            assertEquals("layer", result.plan().mode());
            new Compactor(checkpoint, model.config(), result.selection(), Optional.empty()).writer()
                    .write(folder.resolve("cut"), false);
        }
        List<int[]> calibration = List.of(Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids")));
        try (Backend backend = Backends.open("cpu"); Checkpoint cut = Checkpoint.open(folder.resolve("cut"));
                Model smaller = Model.open(cut, backend); Scorer scorer = new Scorer(smaller)) {
            double mean = Arrays.stream(scorer.losses(calibration)).flatMapToDouble(Arrays::stream).average().orElseThrow();
            assertEquals(run.get("after").get("loss_batch_f64").asDouble(), mean, 1e-5);
        }
    }

    private static ModelScores.Method method(JsonNode run) {
        return new ModelScores.Method(Criterion.valueOf(run.get("kind").asText().toUpperCase(Locale.ROOT)),
                Aggregate.valueOf(run.get("reduction").asText().toUpperCase(Locale.ROOT)), Alignment.LLM_PRUNER, 0);
    }

    private static Budget budget(JsonNode run) {
        return new Budget(new Budget.Amount(run.get("ratio").asDouble(), true, 1, run.get("iterative_steps").asInt()),
                run.get("global_pruning").asBoolean() ? Allocation.Scope.GLOBAL : Allocation.Scope.LOCAL, Normalise.NONE,
                new Budget.Candidates(List.of(Role.HEADS, Role.NEURONS), List.of(), BlockCriterion.POSITION,
                        range(run.get("attention_layers")), range(run.get("mlp_layers")), true));
    }

    private static IntPredicate range(JsonNode halfOpen) {
        return layer -> layer >= halfOpen.get(0).asInt() && layer < halfOpen.get(1).asInt();
    }

    private static void compare(JsonNode run, Plan plan) {
        String id = run.get("id").asText();
        assertEquals(run.get("params_after").asLong(), plan.parametersAfter(), id);
        assertTrue(plan.parametersBefore() > plan.parametersAfter(), id);
        for (Plan.Layer layer : plan.layers()) {
            JsonNode kept = run.get("kept").get(Integer.toString(layer.layer()));
            assertArrayEquals(ints(kept.get("heads")), layer.keptHeads(), id + " heads of layer " + layer.layer());
            assertArrayEquals(ints(kept.get(kept.has("kv_heads") ? "kv_heads" : "heads")), layer.keptKvHeads(),
                    id + " kv heads of layer " + layer.layer());
            assertArrayEquals(ints(kept.get("neurons")), layer.keptNeurons(), id + " neurons of layer " + layer.layer());
        }
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }
}
