package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;

/**
 * One pruning that LLM-Pruner's own code did, and what came of it.
 *
 * @param folder of the model and its runs
 * @param json   the record
 */
public record GoldenRun(Path folder, JsonNode json) {

    /** Every run of the model {@code name}; skips the test where they are missing. */
    static List<GoldenRun> all(String name) {
        Path folder = Shared.path("golden/" + name);
        return Golden.json(folder.resolve("runs.json"))
                .get("runs")
                .valueStream()
                .map(run -> new GoldenRun(folder, run))
                .toList();
    }

    /** What every run was calibrated on: ten sequences of 64 ids. */
    static Calibration calibration() {
        return new Calibration(List.of(
                Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids"))));
    }

    String id() {
        return json.get("id").asText();
    }

    String mode() {
        return json.get("mode").asText();
    }

    /** Whether units were scored by numbers that LLM-Pruner drew, and that are recorded. */
    boolean random() {
        return json.path("kind").asText().equals("random");
    }

    /** The scores by which it chose units; layers go by position. */
    public Method method() {
        Criterion criterion = mode().equals("layer") ? Criterion.L2 : constant(Criterion.class, "kind");
        Aggregate aggregate =
                json.path("reduction").isTextual() ? constant(Aggregate.class, "reduction") : Aggregate.SUM;
        return new Method(criterion, aggregate, Alignment.LLM_PRUNER, 0);
    }

    private <E extends Enum<E>> E constant(Class<E> type, String key) {
        return Enum.valueOf(type, json.get(key).asText().toUpperCase(Locale.ROOT));
    }

    /** What was to go. */
    Budget budget(ModelConfig config) {
        return switch (mode()) {
            case "block" ->
                block(
                        json.get("ratio").asDouble(),
                        json.get("iterative_steps").asInt(),
                        json.get("global_pruning").asBoolean() ? Scope.GLOBAL : Scope.LOCAL,
                        range(json.get("attention_layers")),
                        range(json.get("mlp_layers")));
            case "channel" -> channel(json.get("ratio").asDouble());
            default -> layer(1 - json.get("layer").asDouble() / config.layers().size());
        };
    }

    /** Heads and neurons of some layers. */
    static Budget block(double ratio, int steps, Scope scope, IntPredicate attentionLayers, IntPredicate mlpLayers) {
        return new Budget(
                new Budget.Amount(ratio, true, 1, steps),
                scope,
                Normalise.NONE,
                new Candidates(
                        List.of(Role.HEADS, Role.NEURONS),
                        List.of(),
                        BlockCriterion.POSITION,
                        attentionLayers,
                        mlpLayers,
                        true));
    }

    /** Residual channels. */
    static Budget channel(double ratio) {
        return new Budget(
                new Budget.Amount(ratio, true, 1, 1),
                Scope.LOCAL,
                Normalise.NONE,
                Candidates.anywhere(List.of(Role.CHANNELS), List.of(), BlockCriterion.POSITION));
    }

    private static Budget layer(double ratio) {
        return new Budget(
                new Budget.Amount(ratio, true, 1, 1),
                Scope.LOCAL,
                Normalise.NONE,
                Candidates.anywhere(List.of(), List.of(Kind.LAYERS), BlockCriterion.POSITION));
    }

    private static IntPredicate range(JsonNode halfOpen) {
        return layer ->
                layer >= halfOpen.get(0).asInt() && layer < halfOpen.get(1).asInt();
    }

    /** The recorded random numbers as scores; each channel of a head has one. */
    Rankings drawn(ModelConfig config) {
        List<UnitScores> units = Structure.of(new Transformer(config).shape()).units().stream()
                .filter(budget(config).candidates()::allows)
                .map(of -> new UnitScores(of, sums(numbers(of), of.count())))
                .toList();
        return new Rankings(units, List.of());
    }

    private double[] numbers(Units of) {
        JsonNode all = json.get("random_scores");
        if (of.group().role() == Role.CHANNELS) {
            return Golden.doubles(all);
        }
        String root = of.group().role() == Role.NEURONS
                ? "mlp.gate_proj"
                : folder.endsWith("gqa") ? "self_attn.k_proj" : "self_attn.q_proj";
        return Golden.doubles(all.get("model.layers." + of.layer() + "." + root).get(0));
    }

    private static double[] sums(double[] numbers, int units) {
        double[] sums = new double[units];
        int each = numbers.length / units;
        Arrays.setAll(
                sums, u -> Arrays.stream(numbers, u * each, (u + 1) * each).sum());
        return sums;
    }

    /** A plan keeps what the run kept. */
    void assertKept(Plan plan) {
        assertEquals(mode(), plan.choice().mode(), id());
        assertEquals(json.get("params_before").asLong(), plan.parameters().before(), id());
        assertEquals(json.get("params_after").asLong(), plan.parameters().after(), id());
        switch (mode()) {
            case "block" ->
                plan.kept()
                        .layers()
                        .forEach(layer -> assertKept(layer, json.get("kept").get("" + layer.layer())));
            case "channel" ->
                assertArrayEquals(ints(json.get("kept")), plan.kept().channels(), id());
            default ->
                assertEquals(
                        json.get("layer").asInt(),
                        plan.kept().layers().getLast().layer() + 1,
                        id());
        }
    }

    private void assertKept(Plan.Layer layer, JsonNode kept) {
        String where = id() + ", layer " + layer.layer();
        assertArrayEquals(ints(kept.get("heads")), layer.keptHeads(), where);
        assertArrayEquals(ints(kept.get(kept.has("kv_heads") ? "kv_heads" : "heads")), layer.keptKvHeads(), where);
        assertArrayEquals(ints(kept.get("neurons")), layer.keptNeurons(), where);
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }
}
