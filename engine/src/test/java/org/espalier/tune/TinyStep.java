package org.espalier.tune;

import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.ffi.NativeMemory;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;

/** The loss and all gradients of a tiny model with grouped queries and layers of different sizes, as one checksum. */
final class TinyStep {

    private static final ModelConfig CONFIG = Llama.config(
            new ModelConfig.Sizes(67, 48, 8, List.of(new LayerConfig(6, 2, 40), new LayerConfig(4, 2, 33)), 64),
            1e-5,
            RotaryConfig.plain(10000),
            true,
            new Biases(true, true, false));

    private TinyStep() {}

    /** Prints the checksum: for a JVM started with other flags. */
    public static void main(String[] args) {
        System.out.println(checksum(2, Retention.KEEP));
    }

    static long checksum(int threads, Retention retention) {
        Packed packed = Packed.of(List.of(ids(17, 1), ids(1, 2), ids(30, 3)));
        try (Backend backend = new CpuBackend(threads);
                Queue queue = backend.newQueue();
                Model model = Model.of(CONFIG, weights(backend), backend)) {
            Recording recording = model.transformer().loss(packed.tokens());
            try (GradientStore gradients = new GradientStore(backend, recording.tape(), n -> true);
                    Executor executor = new Executor(
                            backend, recording.tape(), model.leaves(Map.of()), gradients, retention, Observer.NONE)) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                executor.backward(1.0 / packed.counted(), false);
                CRC32 sum = new CRC32();
                recording.losses().forEach(loss -> add(sum, backend, queue, executor.tensor(loss)));
                gradients.tensors().values().forEach(gradient -> add(sum, backend, queue, gradient));
                return sum.getValue();
            }
        }
    }

    private static Weights weights(Backend backend) {
        return Weights.owning(Initialisation.weights(
                backend, new Transformer(CONFIG).shape(), CONFIG.layers().size(), 5));
    }

    private static int[] ids(int count, long seed) {
        return new Random(seed).ints(count, 0, CONFIG.vocab()).toArray();
    }

    private static void add(CRC32 sum, Backend backend, Queue queue, Tensor tensor) {
        try (NativeMemory bytes = NativeMemory.allocate(tensor.bytes(), "checksum")) {
            backend.download(queue, tensor, bytes.segment());
            sum.update(bytes.segment().toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
