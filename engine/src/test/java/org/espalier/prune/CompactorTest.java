package org.espalier.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.format.Checkpoint;
import org.espalier.model.Llama;
import org.espalier.model.Llama.Recording;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Weights;
import org.espalier.tape.Executor;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model with units cut out computes what the whole model computes with those units zeroed. */
class CompactorTest {

    private static final Packed TOKENS = Packed.of(List.of(new int[] {3, 77, 250, 9, 9, 140, 31}));

    @ParameterizedTest
    @CsvSource({"mha, HEADS, 1", "mha, NEURONS, 2", "gqa, HEADS, 3", "gqa, QUERY_HEADS, 4", "gqa, NEURONS, 5"})
    void cutEqualsZeroed(String name, Role role, long seed, @TempDir Path folder) {
        try (Backend backend = Backends.open("cpu"); Checkpoint source = Checkpoint.open(Golden.resource(name));
                Model model = Model.open(source, backend)) {
            Selection selection = random(model.config(), role, new Random(seed));
            new Compactor(source, model.config(), selection, Optional.empty()).writer().write(folder.resolve("cut"), false);
            try (Checkpoint cut = Checkpoint.open(folder.resolve("cut")); Model smaller = Model.open(cut, backend)) {
                assertEquals(selection.parametersAfter(), new Llama(smaller.config()).shape().parameterCount());
                assertEquals(selection.after().layers(), smaller.config().layers());
                assertTrue(selection.parametersAfter() < new Llama(model.config()).shape().parameterCount());
                Golden.assertClose(zeroedLogits(model, selection, backend), logits(smaller, backend), 1e-4, name);
            }
        }
    }

    /** About a third of every lane of every group of a role, another third in every layer. */
    private static Selection random(ModelConfig config, Role role, Random random) {
        Selection selection = new Selection(config);
        for (Units units : UnitFinder.of(config)) {
            if (units.group().role() == role) {
                int gone = Math.max(1, units.perLane() / 3);
                for (int lane = 0; lane < units.lanes(); lane++) {
                    int from = lane * units.perLane();
                    selection.remove(units, random.ints(0, units.perLane()).distinct().limit(gone).map(u -> from + u).toArray());
                }
            }
        }
        return selection;
    }

    private static double[] logits(Model model, Backend backend) {
        Recording recording = model.llama().logits(TOKENS.tokens());
        try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
            TOKENS.feed(executor, recording);
            executor.forward(TOKENS.sequences());
            return executor.read(recording.logits());
        }
    }

    private static double[] zeroedLogits(Model model, Selection selection, Backend backend) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Queue queue = backend.newQueue()) {
            model.weights().tensors().forEach((name, weight) -> {
                Tensor copy = backend.allocate(backend.computeType(), weight.shape(), "copy of " + name);
                double[] numbers = HostCopy.readDoubles(backend, queue, weight);
                for (Units units : UnitFinder.of(model.config())) {
                    zero(numbers, weight, name, units, selection);
                }
                HostCopy.writeDoubles(backend, queue, numbers, copy);
                weights.put(name, copy);
            });
        }
        try (Model zeroed = Model.of(model.config(), Weights.owning(weights), backend)) {
            return logits(zeroed, backend);
        }
    }

    private static void zero(double[] numbers, Tensor weight, String name, Units units, Selection selection) {
        int columns = weight.shape().columns();
        for (Member member : units.members()) {
            if (member.tensor().name().equals(name)) {
                selection.removed(units).stream().forEach(unit -> {
                    for (long entry : units.entries(member, unit)) {
                        for (int i = 0; i < numbers.length; i++) {
                            numbers[i] = (member.axis() == 0 ? i / columns : i % columns) == entry ? 0 : numbers[i];
                        }
                    }
                });
            }
        }
    }
}
