package org.espalier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.importance.Aggregate;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scores of the tiny models against an independent float64 implementation of LLM-Pruner's formulas. */
class ScoresGoldenTest {

    /** Of the largest score, with gradients in float32, which cancel in signed sums. */
    private static final double FLOAT32 = 1e-5;
    /** Of the largest score, in float64. */
    private static final double FLOAT64 = 1e-9;

    private static final List<Criterion> CRITERIA = List.of(
            Criterion.VECTORIZE,
            Criterion.PARAM_FIRST,
            Criterion.PARAM_SECOND,
            Criterion.PARAM_MIX,
            Criterion.L1,
            Criterion.L2);

    @ParameterizedTest
    @CsvSource({
        "cpu, mha, scores_f64, LLM_PRUNER, 320",
        "cpu, mha, scores_f64, BY_UNIT, 320",
        "cpu, gqa, scores_f64, LLM_PRUNER, 320",
        "cpu, gqa, scores_gqa_fixed_f64, BY_UNIT, 160",
        "cuda, gqa, scores_f64, LLM_PRUNER, 320",
        "reference, mha, scores_f64, LLM_PRUNER, 456",
        "reference, gqa, scores_f64, LLM_PRUNER, 456",
        "reference, gqa, scores_gqa_fixed_f64, BY_UNIT, 296"
    })
    void membersChannelsAndUnitsOfEveryLayer(
            String device, String name, String file, Alignment alignment, int tensors) {
        Path folder = Shared.path("golden/" + name);
        List<int[]> calibration = List.of(
                Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids")));
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile golden = SafetensorsFile.open(folder.resolve(file + ".safetensors"))) {
            List<Units> units = Structure.of(new Transformer(model.config()).shape()).units().stream()
                    .filter(u -> u.group().role() == Role.HEADS || u.group().role() == Role.NEURONS)
                    .toList();
            assertEquals(8, units.size());
            int compared = 0;
            for (Criterion criterion : CRITERIA) {
                Method method = new Method(criterion, Aggregate.SUM, alignment, 0);
                AxisScores axes =
                        new ModelScores(model, ModelScores.Walking.inMemory()).axes(units, method, calibration);
                for (Units of : units) {
                    compared += compare(
                            golden, criterion, of, axes, alignment, device.equals("reference") ? FLOAT64 : FLOAT32);
                }
            }
            assertEquals(tensors, compared);
        }
    }

    /** Compares everything that is recorded of one group; returns how many tensors that were. */
    private static int compare(
            SafetensorsFile golden,
            Criterion criterion,
            Units units,
            AxisScores axes,
            Alignment alignment,
            double tolerance) {
        boolean heads = units.group().role() == Role.HEADS;
        String group = criterion.name().toLowerCase(Locale.ROOT) + "/L" + units.layer() + (heads ? "/attn/" : "/mlp/");
        if (!golden.tensors().containsKey(group + "members")) {
            return 0;
        }
        double[][] members = UnitScores.members(units, axes, Aggregate.SUM, alignment);
        Golden.assertCloseToLargest(
                Golden.doubles(golden, group + "members"),
                Arrays.stream(members).flatMapToDouble(Arrays::stream).toArray(),
                tolerance,
                group + "members");
        int compared = 1;
        for (Aggregate aggregate : Aggregate.values()) {
            String key = group + aggregate.name().toLowerCase(Locale.ROOT);
            if (golden.tensors().containsKey(key)) {
                String unitKey = heads ? key + "/units" : key;
                Golden.assertCloseToLargest(
                        Golden.doubles(golden, unitKey),
                        UnitScores.of(units, axes, aggregate, alignment).scores(),
                        tolerance,
                        unitKey);
                compared++;
                // Channels of a head are summed before anything is chosen; a product of four signed sums alone is not
                // kept
                // to 1e-5 by float32.
                if (heads && tolerance == FLOAT64) {
                    Golden.assertCloseToLargest(
                            Golden.doubles(golden, key), aggregated(members, aggregate), tolerance, key);
                    compared++;
                }
            }
        }
        return compared;
    }

    private static double[] aggregated(double[][] members, Aggregate aggregate) {
        double[] channels = new double[members[0].length];
        for (int i = 0; i < channels.length; i++) {
            int at = i;
            channels[i] =
                    aggregate.of(Arrays.stream(members).mapToDouble(m -> m[at]).toArray());
        }
        return channels;
    }
}
