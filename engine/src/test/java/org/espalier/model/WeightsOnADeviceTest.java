package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.Backends;
import org.espalier.RandomModel;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cuda.StandIn;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.RowOrder;
import org.espalier.format.StoredTensor;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights that a device copies, all at once or a layer at a time, also those whose rows lie in GGUF's order. */
@ExtendWith(StandIn.class)
class WeightsOnADeviceTest {

    private static final ModelConfig CONFIG = RandomModel.config(64, 16, 3, new LayerConfig(4, 2, 320), false);
    private static final Tape TAPE = new Transformer(CONFIG).shape();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, 600_000})
    void areThoseOfTheCpu(long budget) {
        RandomModel.write(CONFIG, 3, folder.resolve("model"));
        try (Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"))) {
            Map<String, StoredTensor> stored = new HashMap<>(checkpoint.tensors());
            stored.replaceAll((name, tensor) -> name.endsWith("q_proj.weight") || name.endsWith("gate_proj.weight")
                    ? new StoredTensor(name, tensor.type(), tensor.shape(), tensor.bytes(), RowOrder.interleaved(4, 16))
                    : tensor);
            Map<String, float[]> expected = numbers("cpu", stored, budget);
            Map<String, float[]> actual = numbers("cuda", stored, budget);
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((name, numbers) -> assertArrayEquals(numbers, actual.get(name), name));
        }
    }

    private static Map<String, float[]> numbers(String device, Map<String, StoredTensor> stored, long budget) {
        Map<String, float[]> numbers = new LinkedHashMap<>();
        long before = NativeMemory.bytesInUse();
        try (Backend backend = Backends.open(device);
                Weights weights = Weights.bind(backend, TAPE, stored, "test", budget);
                Queue queue = backend.newQueue()) {
            boolean cuda = device.equals("cuda");
            assertEquals(!cuda || budget == Long.MAX_VALUE, weights.resident());
            for (Value leaf : TAPE.leaves(Value.Role.PARAMETER)) {
                numbers.put(leaf.name(), HostCopy.readFloats(backend, queue, weights.tensor(leaf.name())));
            }
            // Rows in another order are copied for the host, and for a device only while it copies them.
            long kept = 3 * 4L * 64 * (64 + 320);
            assertEquals(cuda ? 0 : kept, NativeMemory.bytesInUse() - before);
        }
        return numbers;
    }
}
