package org.espalier.tune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.format.TensorEntry;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * A model of fresh weights as a checkpoint, written number by number: for trying a size of model without a model of that
 * size. The weights are those of {@link Initialisation}, rounded to the stored type.
 */
public final class RandomCheckpoint {

    /** Numbers made at once. */
    private static final int STAGED = 1 << 18;

    private RandomCheckpoint() {}

    /**
     * The whole model, without a tokenizer.
     *
     * @param json   the configuration
     * @param config what it says
     * @param types  in which the numbers are stored
     */
    public static ModelContent of(ObjectNode json, ModelConfig config, NumberTypes types, long seed) {
        Tape tape = new Transformer(config).shape();
        Set<Value> writers = Initialisation.writers(tape);
        int layers = config.layers().size();
        return types.finished(ModelContent.of(
                json,
                tape.leaves(Value.Role.PARAMETER).stream()
                        .map(parameter ->
                                entry(parameter, types, () -> Initialisation.numbers(parameter, writers, layers, seed)))
                        .toList()));
    }

    /** The numbers are drawn anew each time the tensor is written. */
    private static TensorEntry entry(Value parameter, NumberTypes types, Supplier<DoubleSupplier> numbers) {
        DType type = types.of(parameter.name(), parameter.shape(), DType.F32);
        return new TensorEntry(
                parameter.name(),
                type,
                parameter.shape(),
                sink -> write(numbers.get(), parameter.shape().elements(), type, sink));
    }

    private static void write(DoubleSupplier numbers, long count, DType type, TensorEntry.Sink sink)
            throws IOException {
        float[] chunk = new float[(int) Math.min(STAGED, count)];
        try (NativeMemory staging = NativeMemory.allocate(type.bytes(chunk.length), "fresh weights")) {
            for (long at = 0; at < count; at += chunk.length) {
                int length = (int) Math.min(chunk.length, count - at);
                for (int i = 0; i < length; i++) {
                    chunk[i] = (float) numbers.getAsDouble();
                }
                Blocks.encode(type, chunk, 0, staging.segment(), 0, length);
                sink.write(staging.segment().asSlice(0, type.bytes(length)));
            }
        }
    }
}
