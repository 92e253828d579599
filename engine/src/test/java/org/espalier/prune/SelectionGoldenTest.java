package org.espalier.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
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
import org.espalier.prune.UnitScores.Alignment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What LLM-Pruner's own code chose, in every block-wise run of one step whose scores are computed here. */
class SelectionGoldenTest {

    private static final Set<String> KINDS = Set.of("vectorize", "param_first", "param_second", "param_mix", "l1", "l2");

    @ParameterizedTest
    @CsvSource({"mha, 56", "gqa, 59"})
    void theSameUnitsStay(String name, int runs) {
        Path folder = Shared.path("golden/" + name);
        Calibration calibration = new Calibration(
                List.of(Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids"))));
        int compared = 0;
        try (Backend backend = Backends.open("cpu"); Checkpoint checkpoint = Checkpoint.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend)) {
            Pruning pruning = new Pruning(checkpoint, model, ModelScores.Walking.inMemory());
            for (JsonNode run : Golden.json(folder.resolve("runs.json")).get("runs")) {
                if (run.get("mode").asText().equals("block") && KINDS.contains(run.get("kind").asText())
                        && run.get("iterative_steps").asInt() == 1) {
                    compare(run, pruning.plan(method(run), budget(run), Optional.of(calibration)).plan());
                    compared++;
                }
            }
        }
        assertEquals(runs, compared);
    }

    private static ModelScores.Method method(JsonNode run) {
        return new ModelScores.Method(Criterion.valueOf(run.get("kind").asText().toUpperCase(Locale.ROOT)),
                Aggregate.valueOf(run.get("reduction").asText().toUpperCase(Locale.ROOT)), Alignment.LLM_PRUNER, 0);
    }

    private static Pruning.Budget budget(JsonNode run) {
        return new Pruning.Budget(run.get("ratio").asDouble(), true,
                run.get("global_pruning").asBoolean() ? Allocation.Scope.GLOBAL : Allocation.Scope.LOCAL,
                List.of(Role.HEADS, Role.NEURONS), range(run.get("attention_layers")), range(run.get("mlp_layers")));
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
