package org.espalier.prune;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.format.Checkpoint;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.Model;
import org.espalier.prune.UnitScores.Alignment;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Unit scores of the tiny models against an independent float64 implementation of LLM-Pruner's formulas. */
class ScoresGoldenTest {

    /** Of the largest score: float32 gradients cancel in signed sums. */
    private static final double RELATIVE = 1e-5;

    @ParameterizedTest
    @CsvSource({"mha, scores_f64, BY_UNIT", "gqa, scores_f64, LLM_PRUNER", "gqa, scores_gqa_fixed_f64, BY_UNIT"})
    void unitsOfEveryLayer(String name, String file, Alignment alignment) {
        Path folder = Shared.path("golden/" + name);
        List<int[]> calibration = List.of(Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids")));
        try (Backend backend = Backends.open("cpu"); Checkpoint checkpoint = Checkpoint.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile golden = SafetensorsFile.open(folder.resolve(file + ".safetensors"))) {
            List<Units> units = UnitFinder.of(model.config()).stream()
                    .filter(u -> u.group().role() == Role.HEADS || u.group().role() == Role.NEURONS).toList();
            Assertions.assertEquals(8, units.size());
            int compared = 0;
            for (Criterion criterion : List.of(Criterion.VECTORIZE, Criterion.PARAM_FIRST, Criterion.L1, Criterion.L2)) {
                for (Aggregate aggregate : List.of(Aggregate.SUM, Aggregate.MEAN, Aggregate.MAX, Aggregate.PROD)) {
                    for (UnitScores scores : ModelScores.of(model, units,
                            new ModelScores.Method(criterion, aggregate, alignment, 0), calibration)) {
                        compared += compare(golden, criterion, aggregate, scores) ? 1 : 0;
                    }
                }
            }
            Assertions.assertTrue(compared >= 4 * 4 * 4, "compared " + compared);
        }
    }

    private static boolean compare(SafetensorsFile golden, Criterion criterion, Aggregate aggregate, UnitScores scores) {
        boolean heads = scores.units().group().role() == Role.HEADS;
        String key = criterion.name().toLowerCase(Locale.ROOT) + "/L" + scores.units().layer() + (heads ? "/attn/" : "/mlp/")
                + aggregate.name().toLowerCase(Locale.ROOT) + (heads ? "/units" : "");
        if (!golden.tensors().containsKey(key)) {
            return false;
        }
        Golden.assertCloseToLargest(Golden.doubles(golden, key), scores.scores(), RELATIVE, key);
        return true;
    }
}
