package org.espalier.model.arch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.Backends;
import org.espalier.Shared;
import org.espalier.StackedLlama;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Architectures;
import org.espalier.model.Generator;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Baichuan-7B is LLaMA with three projections in one: made of a LLaMA, it computes what that does. */
class BaichuanTest {

    private static final List<int[]> TEXTS =
            List.of(new int[] {1, 17, 42, 99, 200, 3, 8}, new int[] {5, 5, 120, 77, 31, 254, 12, 40, 9});

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu", "cuda"})
    void computesWhatItsUnfusedRelativeDoes(String backendName) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint llama = Checkpoints.open(Shared.path("golden/mha/model"))) {
            StackedLlama.write(llama, folder);
            try (Checkpoint stacked = Checkpoints.open(folder);
                    Model whole = Model.open(llama, backend);
                    Model fused = Model.open(stacked, backend)) {
                assertEquals("baichuan", fused.config().modelType());
                assertEquals(parameters(whole), parameters(fused));
                Map<String, double[]> expected = results(whole);
                Map<String, double[]> found = results(fused);
                double tolerance = backendName.equals("reference") ? 1e-12 : 1e-5;
                assertArrayEquals(expected.remove("logits"), found.remove("logits"), tolerance);
                found.forEach(
                        (name, gradient) -> assertArrayEquals(unfused(expected, name), gradient, tolerance, name));
                assertEquals(tokens(whole), tokens(fused));
            }
        }
    }

    private static long parameters(Model model) {
        return model.structure().tape().parameterCount();
    }

    private static double[] unfused(Map<String, double[]> gradients, String name) {
        return name.contains("W_pack")
                ? StackedLlama.PARTS.stream()
                        .flatMapToDouble(part -> Arrays.stream(gradients.get(name.replace("W_pack", part))))
                        .toArray()
                : gradients.get(name);
    }

    /** Logits, and the gradient of every weight. */
    private static Map<String, double[]> results(Model model) {
        Backend backend = model.backend();
        Map<String, double[]> results = new LinkedHashMap<>();
        Packed packed = Packed.of(TEXTS);
        Recording logits = model.transformer().logits(packed.tokens());
        try (Executor executor = Executor.inference(backend, logits.tape(), model.leaves(Map.of()))) {
            packed.feed(executor, logits);
            executor.forward(packed.sequences());
            results.put("logits", executor.read(logits.logits()));
        }
        Recording loss = model.transformer().loss(packed.tokens());
        try (GradientStore gradients = new GradientStore(backend, loss.tape(), name -> true);
                Executor executor = new Executor(
                        backend, loss.tape(), model.leaves(Map.of()), gradients, Retention.KEEP, Observer.NONE)) {
            packed.feed(executor, loss);
            executor.forward(packed.sequences());
            executor.backward(1.0 / packed.counted(), false);
            gradients
                    .tensors()
                    .forEach((name, tensor) ->
                            results.put(name, HostCopy.readDoubles(backend, executor.queue(), tensor)));
        }
        return results;
    }

    private static List<Integer> tokens(Model model) {
        try (Generator generator = new Generator(model, 16)) {
            List<Integer> ids = new ArrayList<>(List.of(generator.next(TEXTS.getFirst())));
            while (ids.size() < 8) {
                ids.add(generator.next(ids.getLast()));
            }
            return ids;
        }
    }

    /** The 13B has slopes in place of positions, and Baichuan 2 normalises its head; both are of the same type. */
    @Test
    void relativesAreRefusedByName() {
        try (Checkpoint llama = Checkpoints.open(Shared.path("golden/mha/model"))) {
            ObjectNode json = llama.config().deepCopy();
            json.put("model_type", "baichuan");
            json.putArray("architectures").add("BaichuanForCausalLM");
            Failure failure = assertThrows(Failure.class, () -> Architectures.read(json, "this test"));
            assertTrue(failure.getMessage().contains("Baichuan-13B"), failure::getMessage);
        }
    }
}
