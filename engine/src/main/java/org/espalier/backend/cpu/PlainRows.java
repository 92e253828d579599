package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for rows stored as plain numbers, reading each weight once, in its stored type.
 *
 * <p>Number {@code i} goes to partial sum {@code i mod 32}; those past the last 32 of a row go to the first eight. The
 * partial sums are two vectors of 512 bits where there are any, else four of 256: the same sums in the same order.
 */
final class PlainRows {

    private static final boolean WIDE = FloatVector.SPECIES_PREFERRED.length() >= 16;
    private static final VectorSpecies<Float> WIDE_FLOATS = FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> WIDE_INTS = IntVector.SPECIES_512;
    private static final VectorSpecies<Short> WIDE_SHORTS = ShortVector.SPECIES_256;
    private static final int WIDE_WIDTH = 16;

    private PlainRows() {
    }

    /** Rows {@code from} to {@code to} of float32 {@code w [., in]}. */
    static void float32(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int from, int to) {
        for (int r = from; r < to; r++) {
            long row = 4L * in * r;
            y.set(Lanes.FLOAT, yAt + 4L * r, WIDE ? wideFloat32(w, row, in, x, xAt) : float32(w, row, in, x, xAt));
        }
    }

    /** Rows {@code from} to {@code to} of bfloat16 {@code w [., in]}. */
    static void bfloat16(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int from, int to) {
        for (int r = from; r < to; r++) {
            long row = 2L * in * r;
            y.set(Lanes.FLOAT, yAt + 4L * r, WIDE ? wideBfloat16(w, row, in, x, xAt) : bfloat16(w, row, in, x, xAt));
        }
    }

    private static float wideFloat32(MemorySegment w, long row, int in, float[] x, int xAt) {
        FloatVector low = FloatVector.zero(WIDE_FLOATS);
        FloatVector high = low;
        int whole = in - in % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long at = row + 4L * i;
            low = FloatVector.fromMemorySegment(WIDE_FLOATS, w, at, Lanes.ORDER)
                    .fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i), low);
            high = FloatVector.fromMemorySegment(WIDE_FLOATS, w, at + 64, Lanes.ORDER)
                    .fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i + WIDE_WIDTH), high);
        }
        return Lanes.sum(restOfFloat32(w, row, in, x, xAt, part(low, 0)), part(low, 1), part(high, 0), part(high, 1));
    }

    private static float float32(MemorySegment w, long row, int in, float[] x, int xAt) {
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int whole = in - in % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long at = row + 4L * i;
            a = Lanes.load(w, at).fma(load(x, xAt + i), a);
            b = Lanes.load(w, at + 32).fma(load(x, xAt + i + 8), b);
            c = Lanes.load(w, at + 64).fma(load(x, xAt + i + 16), c);
            d = Lanes.load(w, at + 96).fma(load(x, xAt + i + 24), d);
        }
        return Lanes.sum(restOfFloat32(w, row, in, x, xAt, a), b, c, d);
    }

    private static FloatVector restOfFloat32(MemorySegment w, long row, int in, float[] x, int xAt, FloatVector first) {
        FloatVector sum = first;
        for (int i = in - in % Lanes.PARTIALS; i < in; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, in);
            sum = Lanes.load(w, row + 4L * i, mask).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i, mask), sum);
        }
        return sum;
    }

    private static float wideBfloat16(MemorySegment w, long row, int in, float[] x, int xAt) {
        FloatVector low = FloatVector.zero(WIDE_FLOATS);
        FloatVector high = low;
        int whole = in - in % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long at = row + 2L * i;
            low = wideBfloat16(w, at).fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i), low);
            high = wideBfloat16(w, at + 32).fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i + WIDE_WIDTH), high);
        }
        return Lanes.sum(restOfBfloat16(w, row, in, x, xAt, part(low, 0)), part(low, 1), part(high, 0), part(high, 1));
    }

    private static float bfloat16(MemorySegment w, long row, int in, float[] x, int xAt) {
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int whole = in - in % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long at = row + 2L * i;
            a = Stored.bfloat16(w, at).fma(load(x, xAt + i), a);
            b = Stored.bfloat16(w, at + 16).fma(load(x, xAt + i + 8), b);
            c = Stored.bfloat16(w, at + 32).fma(load(x, xAt + i + 16), c);
            d = Stored.bfloat16(w, at + 48).fma(load(x, xAt + i + 24), d);
        }
        return Lanes.sum(restOfBfloat16(w, row, in, x, xAt, a), b, c, d);
    }

    private static FloatVector restOfBfloat16(MemorySegment w, long row, int in, float[] x, int xAt, FloatVector first) {
        FloatVector sum = first;
        for (int i = in - in % Lanes.PARTIALS; i < in; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, in);
            sum = Stored.bfloat16(w, row + 2L * i, in - i).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i, mask), sum);
        }
        return sum;
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(Lanes.FLOATS, x, at);
    }

    private static FloatVector wideBfloat16(MemorySegment segment, long offset) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(WIDE_SHORTS, segment, offset, Lanes.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, WIDE_INTS, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** The lower or the upper eight partial sums of sixteen. */
    private static FloatVector part(FloatVector wide, int part) {
        return (FloatVector) wide.reinterpretShape(Lanes.FLOATS, part);
    }
}
