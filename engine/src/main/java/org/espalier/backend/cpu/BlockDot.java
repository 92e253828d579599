package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.espalier.tensor.DType;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for rows stored in blocks of 32 numbers with a scale, reading each block once. The
 * integers of a block meet {@code x} first and the scale comes last. Layouts as in ggml: half-precision scale {@code d},
 * for Q4_1 a half-precision minimum {@code m} after it, then the integers; number {@code j} of a four-bit block is the
 * low half of byte {@code j}, number {@code j + 16} the high half.
 */
final class BlockDot {

    private static final int BLOCK = 32;
    private static final int NIBBLE = 0xf;
    private static final int Q4_0_ZERO = 8;

    private BlockDot() {
    }

    /** Rows {@code from} to {@code to} of Q8_0 {@code w [., in]}: {@code d · q}. */
    static void q8(MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q8_0.blockBytes();
        for (int r = from; r < to; r++) {
            long row = (long) blocks * blockBytes * r;
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < blocks; i++) {
                long at = row + (long) blockBytes * i;
                long xi = xAt + 4L * BLOCK * i;
                FloatVector s = Stored.int8(w, at + 2).mul(Lanes.load(x, xi));
                s = Stored.int8(w, at + 10).fma(Lanes.load(x, xi + 32), s);
                FloatVector t = Stored.int8(w, at + 18).mul(Lanes.load(x, xi + 64));
                t = Stored.int8(w, at + 26).fma(Lanes.load(x, xi + 96), t);
                sum = s.add(t).fma(FloatVector.broadcast(Lanes.FLOATS, Stored.half(w, at)), sum);
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(sum));
        }
    }

    /** Rows {@code from} to {@code to} of Q4_0 {@code w [., in]}: {@code d · (q − 8)}. */
    static void q4Symmetric(MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment y, long yAt,
            int from, int to) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q4_0.blockBytes();
        for (int r = from; r < to; r++) {
            long row = (long) blocks * blockBytes * r;
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < blocks; i++) {
                long at = row + (long) blockBytes * i;
                long xi = xAt + 4L * BLOCK * i;
                IntVector first = Stored.uint8(w, at + 2);
                IntVector second = Stored.uint8(w, at + 10);
                FloatVector s = Stored.toFloat(first.and(NIBBLE).sub(Q4_0_ZERO)).mul(Lanes.load(x, xi));
                s = Stored.toFloat(second.and(NIBBLE).sub(Q4_0_ZERO)).fma(Lanes.load(x, xi + 32), s);
                FloatVector t = Stored.toFloat(first.lanewise(VectorOperators.LSHR, 4).sub(Q4_0_ZERO))
                        .mul(Lanes.load(x, xi + 64));
                t = Stored.toFloat(second.lanewise(VectorOperators.LSHR, 4).sub(Q4_0_ZERO))
                        .fma(Lanes.load(x, xi + 96), t);
                sum = s.add(t).fma(FloatVector.broadcast(Lanes.FLOATS, Stored.half(w, at)), sum);
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(sum));
        }
    }

    /**
     * Rows {@code from} to {@code to} of Q4_1 {@code w [., in]}: {@code d · q + m}, so that a block gives
     * {@code d · Σ q x + m · Σ x}.
     *
     * @param blockSums what {@link #blockSums} made of {@code x}
     */
    static void q4Offset(MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment blockSums,
            MemorySegment y, long yAt, int from, int to) {
        int blocks = in / BLOCK;
        int blockBytes = DType.Q4_1.blockBytes();
        for (int r = from; r < to; r++) {
            long row = (long) blocks * blockBytes * r;
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            FloatVector offset = sum;
            for (int i = 0; i < blocks; i++) {
                long at = row + (long) blockBytes * i;
                long xi = xAt + 4L * BLOCK * i;
                IntVector first = Stored.uint8(w, at + 4);
                IntVector second = Stored.uint8(w, at + 12);
                FloatVector s = Stored.toFloat(first.and(NIBBLE)).mul(Lanes.load(x, xi));
                s = Stored.toFloat(second.and(NIBBLE)).fma(Lanes.load(x, xi + 32), s);
                FloatVector t = Stored.toFloat(first.lanewise(VectorOperators.LSHR, 4)).mul(Lanes.load(x, xi + 64));
                t = Stored.toFloat(second.lanewise(VectorOperators.LSHR, 4)).fma(Lanes.load(x, xi + 96), t);
                sum = s.add(t).fma(FloatVector.broadcast(Lanes.FLOATS, Stored.half(w, at)), sum);
                offset = Lanes.load(blockSums, 4L * Lanes.WIDTH * i)
                        .fma(FloatVector.broadcast(Lanes.FLOATS, Stored.half(w, at + 2)), offset);
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(sum.add(offset)));
        }
    }

    /** Eight partial sums of every 32 numbers of {@code x [in]}: {@code sums [in / 32, 8]}. */
    static void blockSums(MemorySegment x, long xAt, int in, MemorySegment sums) {
        for (int i = 0; i < in / BLOCK; i++) {
            long xi = xAt + 4L * BLOCK * i;
            FloatVector sum = Lanes.load(x, xi).add(Lanes.load(x, xi + 32))
                    .add(Lanes.load(x, xi + 64).add(Lanes.load(x, xi + 96)));
            Lanes.store(sum, sums, 4L * Lanes.WIDTH * i);
        }
    }
}
