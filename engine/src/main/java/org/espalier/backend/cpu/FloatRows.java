package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for float32 rows, reading each weight once.
 *
 * <p>Number {@code i} goes to partial sum {@code i mod 32}; those past the last 32 of a row are added one by one. The
 * partial sums are two vectors of 512 bits where there are any, else four of 256: the same sums in the same order.
 */
final class FloatRows {

    private static final VectorSpecies<Float> WIDE_FLOATS = FloatVector.SPECIES_512;

    private static final VectorShuffle<Float> SWAP_EIGHTS = VectorShuffle.fromOp(WIDE_FLOATS, lane -> lane ^ 8);
    private static final VectorShuffle<Float> SWAP_FOURS = VectorShuffle.fromOp(WIDE_FLOATS, lane -> lane ^ 4);
    private static final VectorShuffle<Float> SWAP_PAIRS = VectorShuffle.fromOp(WIDE_FLOATS, lane -> lane ^ 2);
    private static final VectorShuffle<Float> SWAP_ONES = VectorShuffle.fromOp(WIDE_FLOATS, lane -> lane ^ 1);

    private FloatRows() {}

    /** Rows {@code start} to {@code end} of float32 {@code w [., in]}. */
    static void dot(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int start, int end) {
        long rowBytes = 4L * in;
        long row = Raw.address(w, rowBytes * start, rowBytes * (end - start));
        for (int r = start; r < end; r++, row += rowBytes) {
            float whole = Widest.WIDE ? wide(row, in, x, xAt) : narrow(row, in, x, xAt);
            y.set(Lanes.FLOAT, yAt + 4L * r, withRest(whole, row, in, x, xAt));
        }
    }

    private static float wide(long row, int in, float[] x, int xAt) {
        Raw.mayFault();
        FloatVector low = FloatVector.zero(WIDE_FLOATS);
        FloatVector high = low;
        for (int i = 0; i + Lanes.PARTIALS <= in; i += Lanes.PARTIALS) {
            long at = row + 4L * i;
            low = FloatVector.fromMemorySegment(WIDE_FLOATS, Raw.MEMORY, at, Lanes.ORDER)
                    .fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i), low);
            high = FloatVector.fromMemorySegment(WIDE_FLOATS, Raw.MEMORY, at + 64, Lanes.ORDER)
                    .fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i + 16), high);
        }
        return sum(low, high);
    }

    private static float narrow(long row, int in, float[] x, int xAt) {
        Raw.mayFault();
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i + Lanes.PARTIALS <= in; i += Lanes.PARTIALS) {
            long at = row + 4L * i;
            a = FloatVector.fromMemorySegment(Lanes.FLOATS, Raw.MEMORY, at, Lanes.ORDER)
                    .fma(load(x, xAt + i), a);
            b = FloatVector.fromMemorySegment(Lanes.FLOATS, Raw.MEMORY, at + 32, Lanes.ORDER)
                    .fma(load(x, xAt + i + 8), b);
            c = FloatVector.fromMemorySegment(Lanes.FLOATS, Raw.MEMORY, at + 64, Lanes.ORDER)
                    .fma(load(x, xAt + i + 16), c);
            d = FloatVector.fromMemorySegment(Lanes.FLOATS, Raw.MEMORY, at + 96, Lanes.ORDER)
                    .fma(load(x, xAt + i + 24), d);
        }
        return Lanes.sum(a, b, c, d);
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(Lanes.FLOATS, x, at);
    }

    private static float withRest(float whole, long row, int in, float[] x, int xAt) {
        float sum = whole;
        for (int i = in - in % Lanes.PARTIALS; i < in; i++) {
            sum = Math.fma(Raw.MEMORY.get(Lanes.FLOAT, row + 4L * i), x[xAt + i], sum);
        }
        return sum;
    }

    /**
     * {@link Lanes#sum(FloatVector, FloatVector, FloatVector, FloatVector)} of the same partial sums. Everything stays in
     * one shape of vector: cast to another, vectors became objects on the heap in some compilations.
     */
    static float sum(FloatVector low, FloatVector high) {
        FloatVector eight = low.add(low.rearrange(SWAP_EIGHTS)).add(high.add(high.rearrange(SWAP_EIGHTS)));
        FloatVector four = eight.add(eight.rearrange(SWAP_FOURS));
        FloatVector two = four.add(four.rearrange(SWAP_PAIRS));
        return two.add(two.rearrange(SWAP_ONES)).lane(0);
    }
}
