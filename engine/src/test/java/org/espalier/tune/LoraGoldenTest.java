package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.StoredTensor;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.tape.Leaves;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Five AdamW steps on the adapters of a pruned model, against LLM-Pruner's own. */
class LoraGoldenTest {

    private static final LoraConfig LORA = new LoraConfig(8, 16, new Llama().adapterTargets());
    private static final int LEFT_PADDED = 1;

    @ParameterizedTest
    @CsvSource({"reference, KEEP", "cpu, KEEP", "cpu, RECOMPUTE", "cuda, KEEP", "cuda, RECOMPUTE"})
    void fiveSteps(String backendName, Retention retention) {
        try (Backend backend = Backends.open(backendName);
                Queue queue = backend.newQueue();
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"));
                SafetensorsFile golden = SafetensorsFile.open(Golden.resource("lora/adapters.safetensors"))) {
            ModelConfig config = PrunedLlama.config(base.tensors());
            Map<String, Tensor> adapters = new LinkedHashMap<>();
            Weights weights = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
            try (Model model = Model.of(config, weights, backend)) {
                initial(golden).forEach((name, tensor) -> adapters.put(name, upload(backend, queue, golden, tensor)));
                Leaves leaves = leaf -> adapters.containsKey(leaf.name())
                        ? adapters.get(leaf.name())
                        : model.leaves(Map.of()).tensor(leaf);
                Transformer llama = new Transformer(config, LORA);
                try (Trainer trainer = new Trainer(
                        backend,
                        b -> llama.loss(b.tokens(), b.counted()),
                        leaves,
                        adapters,
                        TrainingSettings.plain(),
                        retention)) {
                    train(trainer);
                }
                adapters.forEach((name, tensor) -> Golden.assertClose(
                        Golden.doubles(golden, "final." + name),
                        HostCopy.readDoubles(backend, queue, tensor),
                        1e-5,
                        name));
            } finally {
                adapters.values().forEach(t -> t.buffer().close());
            }
        }
    }

    private static void train(Trainer trainer) {
        JsonNode figures = Golden.json(Golden.resource("lora/lora.json"));
        for (int step = 0; step < 5; step++) {
            Trainer.StepResult result = trainer.step(List.of(batch(figures, 2 * step, 2 * step + 1)), 1e-3);
            assertEquals(figures.get("steps").get(step).get("loss").asDouble(), result.loss(), 1e-5, "loss " + step);
            assertEquals(
                    figures.get("steps").get(step).get("grad_norm").asDouble(),
                    result.gradientNorm(),
                    1e-5,
                    "gradient norm " + step);
        }
    }

    /** Padding on the left is masked, so it is the same as not being there. */
    private static Packed batch(JsonNode figures, int... rows) {
        List<int[]> sequences = new ArrayList<>();
        List<int[]> targets = new ArrayList<>();
        for (int row : rows) {
            int[] mask = ids(figures, "attention_mask", row);
            int pads = (int) Arrays.stream(mask).filter(m -> m == 0).count();
            assertEquals(row == LEFT_PADDED ? 12 : 0, pads);
            int[] labels = ids(figures, "labels", row);
            int[] shifted = Arrays.copyOfRange(labels, pads + 1, labels.length + 1);
            shifted[shifted.length - 1] = LossOps.IGNORED;
            sequences.add(Arrays.copyOfRange(ids(figures, "ids", row), pads, labels.length));
            targets.add(shifted);
        }
        return Packed.of(sequences, targets);
    }

    private static int[] ids(JsonNode figures, String name, int row) {
        return Golden.ids(figures.get(name))[row];
    }

    private static Map<String, StoredTensor> initial(SafetensorsFile golden) {
        Map<String, StoredTensor> initial = new LinkedHashMap<>();
        golden.tensors().forEach((name, tensor) -> {
            if (name.startsWith("init.")) {
                initial.put(name.substring("init.".length()), tensor);
            }
        });
        assertEquals(56, initial.size());
        return initial;
    }

    private static Tensor upload(Backend backend, Queue queue, SafetensorsFile golden, StoredTensor stored) {
        Tensor tensor = backend.allocate(backend.computeType(), stored.shape(), stored.name());
        HostCopy.writeDoubles(backend, queue, Golden.doubles(golden, stored.name()), tensor);
        return tensor;
    }
}
