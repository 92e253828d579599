package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuner;
import org.espalier.tune.TuningSettings;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Five steps of adapters beside every projection of a family: float32 learns what float64 does. */
class FamilyLoraStepsTest {

    private static final int STEPS = 5;
    private static final double RATE = 1e-3;

    /** Adam divides by the root of what it has seen, so that rounding of a small gradient is not small in its step. */
    private static final double TOLERANCE = 2e-2 * STEPS * RATE;

    @ParameterizedTest
    @MethodSource("org.espalier.Families#all")
    void areTheSameInFloat64(String family, @TempDir Path scratch) {
        Map<String, double[]> exact = learned(family, "reference", scratch);
        Map<String, double[]> found = learned(family, "cpu", scratch);
        assertTrue(exact.keySet().equals(found.keySet()) && !exact.isEmpty());
        int off = 0;
        int all = 0;
        double changed = 0;
        for (String name : exact.keySet()) {
            double[] expected = exact.get(name);
            double[] numbers = found.get(name);
            for (int i = 0; i < expected.length; i++) {
                all++;
                off += Math.abs(expected[i] - numbers[i]) > TOLERANCE ? 1 : 0;
                changed = Math.max(changed, name.contains("lora_B") ? Math.abs(expected[i]) : 0);
            }
        }
        assertTrue(changed > RATE, "nothing was learned");
        assertTrue(off * 1000L <= all, off + " of " + all + " numbers are off");
        Golden.assertClose(exact.get("loss"), found.get("loss"), 1e-4, "loss");
    }

    /** The adapter's numbers after the steps, and the loss. */
    private static Map<String, double[]> learned(String family, String backendName, Path scratch) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(Families.model(family, scratch));
                Model model = Model.open(checkpoint, backend)) {
            Packed tokens = Packed.of(Families.texts(family, 2, 20));
            LoraConfig lora = new LoraConfig(
                    2, 4, 0, Set.copyOf(Architectures.of(model.config()).adapterTargets()), Set.of());
            TuningSettings settings = new TuningSettings(
                    1,
                    1,
                    1,
                    new TuningSettings.Rate(RATE, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                    TrainingSettings.plain(),
                    OptionalInt.empty(),
                    1L << 30,
                    5);
            try (LearnedAdapter learned = new LearnedAdapter(model, lora, 5);
                    Tuner tuner = new Tuner(learned, Optional.empty(), settings, tokens)) {
                for (int step = 0; step < STEPS; step++) {
                    tuner.step(List.of(tokens), RATE, done -> {});
                }
                Map<String, double[]> numbers = new LinkedHashMap<>();
                learned.adapter()
                        .tensors()
                        .forEach((name, tensor) -> numbers.put(name, SmallModel.read(backend, tensor)));
                numbers.put("loss", new double[] {tuner.evaluate(List.of(tokens), done -> {})});
                return numbers;
            }
        }
    }
}
