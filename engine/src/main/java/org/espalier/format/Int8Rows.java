package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * A matrix as the package compressed-tensors has it with 8-bit whole numbers and a scale for each row: {@code NAME.weight} of
 * codes from −127 to 127, and {@code NAME.weight_scale [rows, 1]}. Scales are bfloat16 numbers, held as float32, so that no tool
 * rounds them; that of a row is the one of a few that leaves the least weighted error.
 */
public final class Int8Rows {

    static final String SCALE = "_scale";
    static final int MOST = 127;

    /** How far a row's largest numbers are cut off at most, in how many steps. */
    private static final double CUT = 0.3;

    private static final int STEPS = 6;

    private final TensorEntry plain;
    private final Quantization wanted;
    private final int rows;
    private final int columns;
    private float[] scales;

    private Int8Rows(TensorEntry plain, Quantization wanted) {
        this.plain = plain;
        this.wanted = wanted;
        this.rows = plain.shape().extent(0);
        this.columns = plain.shape().extent(1);
    }

    /**
     * The model with these of its weights in that form.
     *
     * @param plain   where they are float32
     * @param weights their names
     * @param left    names of the modules of further matrices that are multiplied with, and stay as they are
     * @param wanted  what columns count, and who is told of what is lost; its type is not looked at
     */
    public static ModelContent of(
            ModelContent plain, Set<String> weights, Collection<String> left, Quantization wanted) {
        List<TensorEntry> entries = new ArrayList<>();
        List<TensorEntry> others = new ArrayList<>();
        for (TensorEntry entry : plain.tensors()) {
            if (weights.contains(entry.name())) {
                Int8Rows matrix = new Int8Rows(entry, wanted);
                entries.add(matrix.codes());
                entries.add(matrix.scaleEntry());
            } else {
                entries.add(entry);
                others.add(entry);
            }
        }
        // What is computed in is said by the numbers that are no codes.
        ObjectNode config =
                (ObjectNode) ModelContent.of(plain.config().deepCopy(), others).config();
        config.set(Int8Config.KEY, Int8Config.json(left));
        return new ModelContent(config, entries, plain.files(), plain.gguf(), plain.quantization());
    }

    private TensorEntry codes() {
        return new TensorEntry(plain.name(), DType.I8, plain.shape(), this::writeCodes);
    }

    private TensorEntry scaleEntry() {
        return new TensorEntry(plain.name() + SCALE, DType.F32, Shape.of(rows, 1), sink -> {
            findScales();
            try (NativeMemory memory = NativeMemory.allocate(DType.F32.bytes(rows), "scales of " + plain.name())) {
                Blocks.encode(DType.F32, scales, 0, memory.segment(), 0, rows);
                sink.write(memory.segment());
            }
        });
    }

    private void findScales() throws IOException {
        if (scales != null) {
            return;
        }
        float[] found = new float[rows];
        float[] weights = weights();
        int[] done = {0};
        RowChunks.read(plain, (numbers, count) -> {
            int first = done[0];
            IntStream.range(0, count)
                    .parallel()
                    .forEach(row -> found[first + row] = scale(numbers, row * columns, weights));
            done[0] += count;
        });
        scales = found;
    }

    private float[] weights() {
        float[] weights = wanted.importance().get(plain.name());
        if (weights != null && weights.length == columns) {
            return weights;
        }
        float[] ones = new float[columns];
        Arrays.fill(ones, 1);
        return ones;
    }

    private float scale(float[] numbers, int begin, float[] weights) {
        float largest = 0;
        for (int i = 0; i < columns; i++) {
            largest = Math.max(largest, Math.abs(numbers[begin + i]));
        }
        if (largest == 0) {
            return 1;
        }
        float best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int step = 0; step <= STEPS; step++) {
            float scale = bfloat16Above((float) (largest * (1 - CUT * step / STEPS) / MOST));
            double error = 0;
            for (int i = 0; i < columns; i++) {
                double difference = scale * code(numbers[begin + i], scale) - numbers[begin + i];
                error += weights[i] * difference * difference;
            }
            if (error < least) {
                least = error;
                best = scale;
            }
        }
        if (best == 0 || !Float.isFinite(best)) {
            throw new Failure(
                    "holds numbers that no scale of int8 reaches, or that are none",
                    "tensor " + plain.name(),
                    "look for damaged weights");
        }
        return best;
    }

    /** The least bfloat16 that is not smaller, which is above 0. */
    private static float bfloat16Above(float value) {
        short nearest = Blocks.floatToBfloat16(Math.max(value, Float.MIN_NORMAL));
        float rounded = Blocks.bfloat16ToFloat(nearest);
        return rounded >= value ? rounded : Blocks.bfloat16ToFloat((short) (nearest + 1));
    }

    /** The nearest, ties to even. */
    private static int code(float number, float scale) {
        return Math.clamp((long) Math.rint((double) number / scale), -MOST, MOST);
    }

    private void writeCodes(TensorEntry.Sink sink) throws IOException {
        findScales();
        int most = RowChunks.rows(plain.shape());
        double[] errors = new double[rows];
        double[] squares = new double[rows];
        int[] done = {0};
        try (NativeMemory memory = NativeMemory.allocate((long) most * columns, "codes of " + plain.name())) {
            MemorySegment codes = memory.segment();
            RowChunks.read(plain, (numbers, count) -> {
                int first = done[0];
                IntStream.range(0, count).parallel().forEach(row -> {
                    float scale = scales[first + row];
                    for (int i = row * columns; i < (row + 1) * columns; i++) {
                        int code = code(numbers[i], scale);
                        codes.set(ValueLayout.JAVA_BYTE, i, (byte) code);
                        double difference = (double) scale * code - numbers[i];
                        errors[first + row] += difference * difference;
                        squares[first + row] += (double) numbers[i] * numbers[i];
                    }
                });
                sink.write(codes.asSlice(0, (long) count * columns));
                done[0] += count;
            });
        }
        wanted.loss()
                .note(new QuantizationLoss.OfTensor(
                        plain.name(),
                        DType.I8,
                        Arrays.stream(errors).sum(),
                        Arrays.stream(squares).sum()));
    }
}
