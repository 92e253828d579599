package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.format.PeftAdapter;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters under which rows have lengths of their own. */
class RowLengthsTest {

    private static final Set<String> TARGETS = Set.of("q_proj", "v_proj", "gate_proj", "down_proj");
    private static final int RANK = 3;

    /** Central differences of the loss in float64, where the lengths before stay as they are. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void gradientsAreThoseOfTheLoss(double dropout) {
        on(new ReferenceBackend(), dropout, (model, learned) -> {
            Packed batch = Packed.of(List.of(
                    IntStream.range(40, 52).toArray(), IntStream.range(7, 12).toArray()));
            Transformer.Recording recording = learned.trained().loss(batch.tokens());
            Backend backend = model.backend();
            try (Queue queue = backend.newQueue();
                    GradientStore gradients = new GradientStore(backend, learned.tensors());
                    Executor executor = new Executor(
                            backend, recording.tape(), learned.leaves(), gradients, Retention.KEEP, Observer.NONE)) {
                batch.feed(executor, recording);
                executor.random(5, 1);
                loss(executor, recording, batch);
                executor.backward(1, false);
                executor.finish();
                Map<String, Tensor> of = gradients.tensors();
                Random random = new Random(3);
                learned.tensors().forEach((name, tensor) -> {
                    double[] numbers = HostCopy.readDoubles(backend, queue, tensor);
                    double[] gradient = HostCopy.readDoubles(backend, queue, of.get(name));
                    int at = random.nextInt(numbers.length);
                    double before = numbers[at];
                    double step = 1e-5;
                    double[] losses = new double[2];
                    for (int side = 0; side < 2; side++) {
                        numbers[at] = before + (side == 0 ? step : -step);
                        HostCopy.writeDoubles(backend, queue, numbers, tensor);
                        losses[side] = loss(executor, recording, batch);
                    }
                    numbers[at] = before;
                    HostCopy.writeDoubles(backend, queue, numbers, tensor);
                    double expected = (losses[0] - losses[1]) / (2 * step);
                    assertEquals(expected, gradient[at], 1e-6 * Math.max(1, Math.abs(expected)), name);
                });
            }
        });
    }

    private static double loss(Executor executor, Transformer.Recording recording, Packed batch) {
        executor.forward(batch.sequences());
        return recording.losses().stream()
                .flatMapToDouble(part -> Arrays.stream(executor.read(part)))
                .sum();
    }

    /** What a projection computes is what the weight with the adapter in it does, its rows brought to their lengths. */
    @Test
    void projectionsAreThoseOfTheMergedWeight() {
        for (Backend backend : List.of(new ReferenceBackend(), new CpuBackend(2))) {
            on(backend, 0, (model, learned) -> {
                double[] merged = new double[1];
                double[] used = new double[1];
                Packed batch = Packed.of(List.of(IntStream.range(40, 60).toArray()));
                used[0] = mean(learned.used(), model, learned, batch);
                merge(model, learned);
                merged[0] = mean(model.transformer(), model, null, batch);
                assertEquals(
                        merged[0], used[0], 1e-5 * merged[0], model.backend().name());
            });
        }
    }

    private static double mean(Transformer passes, Model model, LearnedAdapter learned, Packed batch) {
        Transformer.Recording recording = passes.loss(batch.tokens());
        try (Executor executor = Executor.inference(
                model.backend(), recording.tape(), learned == null ? model.leaves(Map.of()) : learned.leaves())) {
            batch.feed(executor, recording);
            return loss(executor, recording, batch);
        }
    }

    /** In the model's own weights, number by number. */
    private static void merge(Model model, LearnedAdapter learned) {
        Backend backend = model.backend();
        try (Queue queue = backend.newQueue()) {
            learned.tensors().keySet().stream()
                    .filter(name -> name.endsWith(PeftAdapter.SUFFIX_A))
                    .forEach(name -> {
                        String projection = name.substring(0, name.length() - PeftAdapter.SUFFIX_A.length());
                        Tensor weight = model.weights().tensor(projection + ".weight");
                        double[] w = HostCopy.readDoubles(backend, queue, weight);
                        double[] a = HostCopy.readDoubles(
                                backend, queue, learned.tensors().get(name));
                        double[] b = HostCopy.readDoubles(
                                backend, queue, learned.tensors().get(projection + PeftAdapter.SUFFIX_B));
                        double[] m = HostCopy.readDoubles(
                                backend, queue, learned.tensors().get(projection + PeftAdapter.SUFFIX_LENGTHS));
                        int columns = w.length / m.length;
                        for (int row = 0; row < m.length; row++) {
                            double squares = 0;
                            for (int c = 0; c < columns; c++) {
                                for (int k = 0; k < RANK; k++) {
                                    w[row * columns + c] +=
                                            learned.config().scale() * b[row * RANK + k] * a[k * columns + c];
                                }
                                squares += w[row * columns + c] * w[row * columns + c];
                            }
                            for (int c = 0; c < columns; c++) {
                                w[row * columns + c] *= m[row] / Math.sqrt(squares);
                            }
                        }
                        HostCopy.writeDoubles(backend, queue, w, weight);
                    });
        }
    }

    /** A fresh adapter changes nothing. */
    @Test
    void freshLengthsAreTheModelsOwn() {
        try (Backend backend = new CpuBackend(1);
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            Model model = model(backend, base);
            try (LearnedAdapter learned = new LearnedAdapter(model, lora(0.1), 1)) {
                Packed batch = Packed.of(List.of(IntStream.range(40, 60).toArray()));
                double plain = mean(model.transformer(), model, null, batch);
                assertEquals(plain, mean(learned.used(), model, learned, batch), 1e-5 * plain);
            }
            model.close();
        }
    }

    private static LoraConfig lora(double dropout) {
        return new LoraConfig(RANK, new LoraConfig.Scaling(5, true, true), dropout, TARGETS, Set.of());
    }

    private static void on(Backend backend, double dropout, BiConsumer<Model, LearnedAdapter> work) {
        try (backend;
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"));
                Queue queue = backend.newQueue()) {
            Model model = model(backend, base);
            try (LearnedAdapter learned = new LearnedAdapter(model, lora(dropout), 1)) {
                Random random = new Random(2);
                learned.tensors().values().forEach(tensor -> {
                    double[] numbers = HostCopy.readDoubles(backend, queue, tensor);
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] += 0.05 * random.nextGaussian();
                    }
                    HostCopy.writeDoubles(backend, queue, numbers, tensor);
                });
                learned.settle();
                work.accept(model, learned);
            }
            model.close();
        }
    }

    /** With weights of its own, which may be changed. */
    private static Model model(Backend backend, SafetensorsFile base) {
        ModelConfig config = PrunedLlama.config(base.tensors());
        Map<String, Tensor> copies = new LinkedHashMap<>();
        try (Weights stored = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
                Queue queue = backend.newQueue()) {
            for (Value parameter : new Transformer(config).shape().leaves(Value.Role.PARAMETER)) {
                Tensor copy = backend.allocate(backend.computeType(), parameter.shape(), parameter.name());
                backend.convert(queue, stored.tensor(parameter.name()), copy);
                copies.put(parameter.name(), copy);
            }
            queue.finish();
        }
        return Model.of(config, Weights.owning(copies), backend);
    }
}
