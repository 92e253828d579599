package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.espalier.TestFiles;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architectures;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomCheckpointTest {

    /** One matrix is larger than the block of numbers that is made at once. */
    private static final ModelConfig CONFIG = Llama.config(
            new ModelConfig.Sizes(5000, 64, 8, List.of(new LayerConfig(8, 2, 90), new LayerConfig(8, 2, 90)), 64),
            1e-5,
            RotaryConfig.plain(10000),
            false,
            new Biases(true, true, false));

    @TempDir
    private Path folder;

    @Test
    void shardsHoldTheWeightsThatTrainingWouldBeginWith() {
        Path out = folder.resolve("out");
        ObjectNode json = Architectures.json(CONFIG);
        AtomicLong written = new AtomicLong();
        ModelContent content = RandomCheckpoint.of(json, CONFIG, Conversion.plain(Optional.of(DType.F32)), 5);
        new SafetensorsFolder(1_400_000).write(out, content.reporting(written::addAndGet), false);
        assertTrue(
                TestFiles.names(out).contains("model.safetensors.index.json"),
                TestFiles.names(out).toString());
        try (Checkpoint checkpoint = Checkpoints.open(out);
                Backend backend = new CpuBackend(1);
                Model model = Model.open(checkpoint, backend);
                Queue queue = backend.newQueue()) {
            assertTrue(checkpoint.weightFiles().size() > 1);
            assertEquals(checkpoint.weightBytes(), written.get());
            Map<String, Tensor> expected = Initialisation.weights(backend, new Transformer(CONFIG).shape(), 2, 5);
            try {
                assertEquals(expected.keySet(), checkpoint.tensors().keySet());
                expected.forEach((name, tensor) ->
                        assertArrayEquals(HostCopy.readFloats(backend, queue, tensor), stored(checkpoint, name), name));
            } finally {
                expected.values().forEach(t -> t.buffer().close());
            }
        }
    }

    private static float[] stored(Checkpoint checkpoint, String name) {
        StoredTensor tensor = checkpoint.tensors().get(name);
        float[] numbers = new float[Math.toIntExact(tensor.shape().elements())];
        Blocks.decode(tensor.type(), tensor.bytes(), 0, numbers, 0, numbers.length);
        return numbers;
    }
}
