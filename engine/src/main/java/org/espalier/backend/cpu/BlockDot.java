package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.tensor.DType;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for rows stored in blocks of 32 numbers with a scale, reading each block once. Layouts
 * as in ggml: a half-precision scale {@code d}, for Q4_1 a half-precision minimum {@code m} after it, then the integers;
 * number {@code j} of a four-bit block is the low half of byte {@code j}, number {@code j + 16} the high half.
 *
 * <p>Numbers {@code j} and {@code j + 16} of every block go to partial sum {@code j} of 16. These are one vector of 512
 * bits, or two of 256 bits that are walked one after the other: the same sums in the same order. The integers meet
 * {@code x} first and the scale comes last. Loops make their vectors themselves: with one more call in them the compiler
 * no longer inlines all of it, and a token of a GGUF file takes half as long again.
 */
final class BlockDot {

    private static final VectorSpecies<Float> FLOATS = Widest.FLOATS;
    private static final VectorSpecies<Integer> INTS = Widest.INTS;
    private static final VectorSpecies<Byte> BYTES = Widest.WIDE ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
    private static final int WIDTH = Widest.WIDTH;

    private static final int BLOCK = 32;
    /** Partial sums, and the distance of two numbers that share one. */
    private static final int PARTIALS = Widest.PARTIALS;

    private static final int NIBBLE = 0xf;
    private static final int Q4_0_ZERO = 8;

    private BlockDot() {}

    /** Rows {@code start} to {@code end} of Q8_0 {@code w [., in]}: {@code d · q}. {@code x} begins at {@code xAt}. */
    static void q8(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int start, int end) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q8_0.blockBytes();
        long rowBytes = (long) blocks * blockBytes;
        long row = Raw.address(w, rowBytes * start, rowBytes * (end - start));
        for (int r = start; r < end; r++, row += rowBytes) {
            FloatVector total = FloatVector.zero(Lanes.FLOATS);
            for (int lane = 0; lane < PARTIALS; lane += WIDTH) {
                FloatVector sum = FloatVector.zero(FLOATS);
                for (int i = 0; i < blocks; i++) {
                    long at = row + (long) blockBytes * i;
                    int xi = xAt + lane + BLOCK * i;
                    FloatVector s = toFloat(int8(at + 2 + lane)).mul(FloatVector.fromArray(FLOATS, x, xi));
                    s = toFloat(int8(at + 18 + lane)).fma(FloatVector.fromArray(FLOATS, x, xi + PARTIALS), s);
                    sum = s.fma(FloatVector.broadcast(FLOATS, Stored.half(Raw.MEMORY.get(Lanes.SHORT, at))), sum);
                }
                total = total.add(Widest.fold(sum));
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(total));
        }
    }

    /** Rows {@code start} to {@code end} of Q4_0 {@code w [., in]}: {@code d · (q − 8)}. */
    static void q4Symmetric(
            MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int start, int end) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q4_0.blockBytes();
        long rowBytes = (long) blocks * blockBytes;
        long row = Raw.address(w, rowBytes * start, rowBytes * (end - start));
        for (int r = start; r < end; r++, row += rowBytes) {
            FloatVector total = FloatVector.zero(Lanes.FLOATS);
            for (int lane = 0; lane < PARTIALS; lane += WIDTH) {
                FloatVector sum = FloatVector.zero(FLOATS);
                for (int i = 0; i < blocks; i++) {
                    long at = row + (long) blockBytes * i;
                    int xi = xAt + lane + BLOCK * i;
                    IntVector pairs = uint8(at + 2 + lane);
                    FloatVector s = toFloat(low(pairs).sub(Q4_0_ZERO)).mul(FloatVector.fromArray(FLOATS, x, xi));
                    s = toFloat(high(pairs).sub(Q4_0_ZERO)).fma(FloatVector.fromArray(FLOATS, x, xi + PARTIALS), s);
                    sum = s.fma(FloatVector.broadcast(FLOATS, Stored.half(Raw.MEMORY.get(Lanes.SHORT, at))), sum);
                }
                total = total.add(Widest.fold(sum));
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(total));
        }
    }

    /**
     * Rows {@code start} to {@code end} of Q4_1 {@code w [., in]}: {@code d · q + m}, so that a block gives
     * {@code d · Σ q x + m · Σ x}.
     */
    static void q4Offset(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int start, int end) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q4_1.blockBytes();
        long rowBytes = (long) blocks * blockBytes;
        long row = Raw.address(w, rowBytes * start, rowBytes * (end - start));
        for (int r = start; r < end; r++, row += rowBytes) {
            FloatVector total = FloatVector.zero(Lanes.FLOATS);
            for (int lane = 0; lane < PARTIALS; lane += WIDTH) {
                FloatVector sum = FloatVector.zero(FLOATS);
                FloatVector offset = sum;
                for (int i = 0; i < blocks; i++) {
                    long at = row + (long) blockBytes * i;
                    int xi = xAt + lane + BLOCK * i;
                    int scales = Raw.MEMORY.get(Lanes.INT, at);
                    IntVector pairs = uint8(at + 4 + lane);
                    FloatVector first = FloatVector.fromArray(FLOATS, x, xi);
                    FloatVector second = FloatVector.fromArray(FLOATS, x, xi + PARTIALS);
                    FloatVector s =
                            toFloat(high(pairs)).fma(second, toFloat(low(pairs)).mul(first));
                    sum = s.fma(FloatVector.broadcast(FLOATS, Stored.low(scales)), sum);
                    offset = first.add(second).fma(FloatVector.broadcast(FLOATS, Stored.high(scales)), offset);
                }
                total = total.add(Widest.fold(sum.add(offset)));
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(total));
        }
    }

    private static IntVector int8(long address) {
        return (IntVector) ByteVector.fromMemorySegment(BYTES, Raw.MEMORY, address, Lanes.ORDER)
                .convertShape(VectorOperators.B2I, INTS, 0);
    }

    private static IntVector uint8(long address) {
        return (IntVector) ByteVector.fromMemorySegment(BYTES, Raw.MEMORY, address, Lanes.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
    }

    private static IntVector low(IntVector pairs) {
        return pairs.and(NIBBLE);
    }

    private static IntVector high(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHR, 4);
    }

    private static FloatVector toFloat(IntVector ints) {
        return (FloatVector) ints.convertShape(VectorOperators.I2F, FLOATS, 0);
    }
}
