package org.espalier.tune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.CheckpointWriter;
import org.espalier.format.SafetensorsWriter;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
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
     * A writer of the whole checkpoint.
     *
     * @param json   the configuration, written as it is
     * @param config what it says
     * @param type   a plain floating type
     * @param told   of every stretch of bytes that has been written
     */
    public static CheckpointWriter writer(
            ObjectNode json, ModelConfig config, DType type, long seed, LongConsumer told) {
        CheckpointWriter writer = new CheckpointWriter(json);
        for (Value parameter : new Llama(config).shape().leaves(Value.Role.PARAMETER)) {
            writer.tensor(new SafetensorsWriter.Entry(parameter.name(), type, parameter.shape(), sink -> {
                DoubleSupplier numbers =
                        Initialisation.numbers(parameter, config.layers().size(), seed);
                write(numbers, parameter.shape().elements(), type, sink, told);
            }));
        }
        return writer;
    }

    private static void write(
            DoubleSupplier numbers, long count, DType type, SafetensorsWriter.Sink sink, LongConsumer told)
            throws IOException {
        float[] stretch = new float[(int) Math.min(STAGED, count)];
        try (NativeMemory staging = NativeMemory.allocate(type.bytes(stretch.length), "fresh weights")) {
            for (long at = 0; at < count; at += stretch.length) {
                int length = (int) Math.min(stretch.length, count - at);
                for (int i = 0; i < length; i++) {
                    stretch[i] = (float) numbers.getAsDouble();
                }
                Blocks.encode(type, stretch, 0, staging.segment(), 0, length);
                sink.write(staging.segment().asSlice(0, type.bytes(length)));
                told.accept(type.bytes(length));
            }
        }
    }
}
