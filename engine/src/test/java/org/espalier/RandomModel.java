package org.espalier;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.TensorEntry;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;

/** Checkpoints of small models with random weights. */
public final class RandomModel {

    private RandomModel() {}

    /** A model of some layers, all of one size, without biases. */
    public static ModelConfig config(int hidden, int headDim, int layers, LayerConfig sizes, boolean tied) {
        return Llama.config(
                new ModelConfig.Sizes(50, hidden, headDim, Collections.nCopies(layers, sizes), 64),
                1e-5,
                RotaryConfig.plain(10000),
                tied,
                Biases.NONE);
    }

    /** Writes a checkpoint. */
    public static void write(ModelConfig config, long seed, Path folder) {
        write(config, seed, folder, (parameter, numbers) -> {});
    }

    /** As above; {@code edit} may change the numbers of each parameter before they are written. */
    public static void write(ModelConfig config, long seed, Path folder, BiConsumer<Value, float[]> edit) {
        Random random = new Random(seed);
        List<TensorEntry> entries = new ArrayList<>();
        for (Value parameter : new Transformer(config).shape().leaves(Value.Role.PARAMETER)) {
            float[] numbers = numbers(parameter, random);
            edit.accept(parameter, numbers);
            entries.add(new TensorEntry(parameter.name(), DType.F32, parameter.shape(), sink -> {
                try (NativeMemory bytes = NativeMemory.allocate(4L * numbers.length, parameter.name())) {
                    bytes.segment().copyFrom(MemorySegment.ofArray(numbers));
                    sink.write(bytes.segment());
                }
            }));
        }
        new SafetensorsFolder().write(folder, ModelContent.of(Architectures.json(config), entries), false);
    }

    /** Norms about 1, biases and matrices about 0, so that activations keep their size. */
    private static float[] numbers(Value parameter, Random random) {
        float[] numbers = new float[Math.toIntExact(parameter.shape().elements())];
        boolean norm = parameter.shape().rank() == 1 && parameter.name().endsWith("norm.weight");
        double deviation = parameter.shape().rank() == 2
                ? 1 / Math.sqrt((double) parameter.shape().dim(1))
                : 0.2;
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) ((norm ? 1 : 0) + deviation * random.nextGaussian());
        }
        return numbers;
    }
}
