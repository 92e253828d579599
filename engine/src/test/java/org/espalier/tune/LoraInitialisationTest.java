package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraInitialisationTest {

    @TempDir
    private Path folder;

    private static final ModelConfig MODEL = Llama.config(
            new ModelConfig.Sizes(50, 64, 8, List.of(new LayerConfig(8, 4, 100), new LayerConfig(8, 4, 30)), 64),
            1e-5,
            RotaryConfig.plain(10000),
            true,
            Biases.NONE);
    private static final LoraConfig LORA = new LoraConfig(8, 16, new Llama().adapterTargets());

    /** Uniform within ±1/√in: the bound is nearly reached, the mean is 0, the deviation the bound by √3. */
    @Test
    void downIsUniformWithinTheInverseRootOfItsInputsAndUpIsZero() {
        numbers(1).forEach((name, values) -> {
            if (name.endsWith("lora_B.weight")) {
                assertTrue(Arrays.stream(values).allMatch(v -> v == 0), name);
            } else {
                double bound = 1 / Math.sqrt(values.length / 8.0);
                double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
                assertTrue(largest <= bound && largest > 0.95 * bound, name + " " + largest);
                assertEquals(0, Arrays.stream(values).average().orElseThrow(), 0.2 * bound, name);
                double square = Arrays.stream(values).map(v -> v * v).average().orElseThrow();
                assertEquals(bound / Math.sqrt(3), Math.sqrt(square), 0.15 * bound, name);
            }
        });
    }

    @Test
    void seedAndNameDecide() {
        Map<String, double[]> one = numbers(1);
        Map<String, double[]> again = numbers(1);
        Map<String, double[]> two = numbers(2);
        one.forEach((name, values) -> assertArrayEquals(values, again.get(name), name));
        String q = "model.layers.0.self_attn.q_proj.lora_A.weight";
        assertTrue(equal(one.get(q), two.get(q)) == 0);
        assertTrue(equal(one.get(q), one.get("model.layers.0.self_attn.k_proj.lora_A.weight")) == 0);
    }

    private static long equal(double[] a, double[] b) {
        return IntStream.range(0, a.length).filter(i -> a[i] == b[i]).count();
    }

    private static Map<String, double[]> numbers(long seed) {
        Map<String, double[]> numbers = new LinkedHashMap<>();
        try (Backend backend = new CpuBackend(1);
                Queue queue = backend.newQueue();
                Model model = model(backend);
                Adapter adapter = LoraInitialisation.adapter(model, LORA, seed)) {
            adapter.tensors().forEach((name, t) -> numbers.put(name, HostCopy.readDoubles(backend, queue, t)));
        }
        assertEquals(28, numbers.size());
        return numbers;
    }

    private static Model model(Backend backend) {
        Map<String, Tensor> weights = Initialisation.weights(
                backend, new Transformer(MODEL).shape(), MODEL.layers().size(), 3);
        return Model.of(MODEL, Weights.owning(weights), backend);
    }

    @Test
    void normsBeginAsTheModelHasThem() {
        LoraConfig lora = new LoraConfig(8, 16, 0, LORA.targets(), Adapter.norms(MODEL));
        try (Backend backend = new CpuBackend(1);
                Queue queue = backend.newQueue();
                Model model = model(backend)) {
            Tensor norm = model.parameter("model.norm.weight");
            HostCopy.writeDoubles(backend, queue, new double[] {2.5}, norm.slice(0, 1));
            try (Adapter adapter = LoraInitialisation.adapter(model, lora, 1)) {
                assertEquals(
                        Set.of(
                                "model.layers.0.input_layernorm.weight",
                                "model.layers.0.post_attention_layernorm.weight",
                                "model.layers.1.input_layernorm.weight",
                                "model.layers.1.post_attention_layernorm.weight",
                                "model.norm.weight"),
                        lora.saved());
                assertEquals(28 + lora.saved().size(), adapter.tensors().size());
                assertArrayEquals(
                        HostCopy.readDoubles(backend, queue, norm),
                        HostCopy.readDoubles(backend, queue, adapter.tensors().get("model.norm.weight")));
            }
        }
    }

    /** PEFT takes every module that ends in a name, whatever stands before it: "norm" would mean all of them. */
    @ParameterizedTest
    @CsvSource({
        "input_layernorm norm post_attention_layernorm, input_layernorm norm post_attention_layernorm",
        "input_layernorm model.norm, input_layernorm model.norm",
        "norm, input_layernorm norm post_attention_layernorm",
        "layers.1.input_layernorm, model.layers.1.input_layernorm"
    })
    void namesOfWhatIsSavedMeanNothingElse(String ends, String names) throws IOException {
        Set<String> saved = Adapter.norms(MODEL).stream()
                .filter(norm -> Stream.of(ends.split(" ")).anyMatch(end -> norm.endsWith(end + ".weight")))
                .collect(Collectors.toSet());
        try (Backend backend = new CpuBackend(1);
                Model model = model(backend);
                Adapter adapter =
                        LoraInitialisation.adapter(model, new LoraConfig(8, 16, 0, LORA.targets(), saved), 1)) {
            adapter.writeInto(folder, backend, MODEL, "base");
        }
        try (PeftAdapter stored = PeftAdapter.open(folder)) {
            assertEquals(List.of(names.split(" ")), stored.config().saved());
            assertEquals(saved, Set.copyOf(stored.saved()));
        }
    }
}
