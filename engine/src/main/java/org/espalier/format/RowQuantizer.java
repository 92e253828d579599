package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * Quantises the rows of a matrix while it is written, many at once on all threads of the pool that it is called in, and notes
 * what they lose.
 */
final class RowQuantizer {

    private final TensorEntry plain;
    private final DType type;
    private final Quantization wanted;
    private final int columns;
    private double error;
    private double squares;

    private RowQuantizer(TensorEntry plain, DType type, Quantization wanted) {
        this.plain = plain;
        this.type = type;
        this.wanted = wanted;
        this.columns = plain.shape().extent(plain.shape().rank() - 1);
    }

    /**
     * A matrix of float32 numbers that is written in another type.
     *
     * @param type whose blocks are whole in its rows
     */
    static TensorEntry of(TensorEntry plain, DType type, Quantization wanted) {
        return new TensorEntry(
                plain.name(), type, plain.shape(), sink -> new RowQuantizer(plain, type, wanted).write(sink));
    }

    private void write(TensorEntry.Sink sink) throws IOException {
        long rowBytes = type.bytes(columns);
        int most = RowChunks.rows(plain.shape());
        try (NativeMemory memory = NativeMemory.allocate(most * rowBytes, "blocks of " + plain.name())) {
            RowChunks.read(plain, (numbers, rows) -> {
                encode(numbers, rows, memory.segment());
                sink.write(memory.segment().asSlice(0, rows * rowBytes));
            });
        }
        if (!Double.isFinite(error)) {
            throw new Failure(
                    "holds numbers that no scale of " + type.name().toLowerCase(Locale.ROOT)
                            + " reaches, or that are none",
                    "tensor " + plain.name(),
                    "look for damaged weights, or store it as f32");
        }
        wanted.loss().note(new QuantizationLoss.OfTensor(plain.name(), type, error, squares));
    }

    /** Rows are independent, and sums are in their order: any number of threads gives the same. */
    private void encode(float[] numbers, int rows, MemorySegment blocks) {
        float[] weights = wanted.importance().get(plain.name());
        boolean weighted = weights != null && weights.length == columns;
        double[] errors = new double[rows];
        double[] sums = new double[rows];
        IntStream.range(0, rows).parallel().forEach(row -> {
            int begin = row * columns;
            long at = row * type.bytes(columns);
            if (weighted) {
                Blocks.encode(type, numbers, begin, blocks, at, weights);
            } else {
                Blocks.encode(type, numbers, begin, blocks, at, columns);
            }
            float[] values = new float[columns];
            Blocks.decode(type, blocks, at, values, 0, columns);
            for (int i = 0; i < columns; i++) {
                double difference = (double) values[i] - numbers[begin + i];
                errors[row] += difference * difference;
                sums[row] += (double) numbers[begin + i] * numbers[begin + i];
            }
        });
        error += Arrays.stream(errors).sum();
        squares += Arrays.stream(sums).sum();
    }
}
