package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for bfloat16 rows, reading each weight once. A 32-bit word holds two neighbours; shifted
 * up it is the first as a float, with its lower half cleared the second. So of every 32 numbers the even ones meet one
 * half of {@code x} and the odd ones the other, which {@link #arrange} has laid out that way.
 *
 * <p>Each has a partial sum of its own, in two vectors of 512 bits where there are any, else in four of 256: the same sums
 * in the same order. Numbers past the last 32 are added one by one.
 */
final class BfloatRows {

    private static final VectorSpecies<Float> WIDE_FLOATS = FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> WIDE_INTS = IntVector.SPECIES_512;
    private static final int SECOND = 0xffff0000;
    private static final int HALF = Lanes.PARTIALS / 2;

    private BfloatRows() {}

    /** Puts the even numbers of every whole 32 of a row first. */
    static void arrange(float[] x, int xAt, int in) {
        float[] odd = new float[HALF];
        for (int start = xAt; start + Lanes.PARTIALS <= xAt + in; start += Lanes.PARTIALS) {
            for (int i = 0; i < HALF; i++) {
                odd[i] = x[start + 2 * i + 1];
                x[start + i] = x[start + 2 * i];
            }
            System.arraycopy(odd, 0, x, start + HALF, HALF);
        }
    }

    /** Rows {@code start} to {@code end} of {@code w [., in]}; {@code x} is arranged. */
    static void dot(MemorySegment w, int in, float[] x, int xAt, MemorySegment y, long yAt, int start, int end) {
        long rowBytes = 2L * in;
        long row = Raw.address(w, rowBytes * start, rowBytes * (end - start));
        for (int r = start; r < end; r++, row += rowBytes) {
            float whole = Widest.WIDE ? wide(row, in, x, xAt) : narrow(row, in, x, xAt);
            y.set(Lanes.FLOAT, yAt + 4L * r, withRest(whole, row, in, x, xAt));
        }
    }

    private static float wide(long row, int in, float[] x, int xAt) {
        Raw.mayFault();
        FloatVector even = FloatVector.zero(WIDE_FLOATS);
        FloatVector odd = even;
        for (int i = 0; i + Lanes.PARTIALS <= in; i += Lanes.PARTIALS) {
            IntVector pairs = IntVector.fromMemorySegment(WIDE_INTS, Raw.MEMORY, row + 2L * i, Lanes.ORDER);
            even = first(pairs).fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i), even);
            odd = second(pairs).fma(FloatVector.fromArray(WIDE_FLOATS, x, xAt + i + HALF), odd);
        }
        return FloatRows.sum(even, odd);
    }

    private static float narrow(long row, int in, float[] x, int xAt) {
        Raw.mayFault();
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i + Lanes.PARTIALS <= in; i += Lanes.PARTIALS) {
            IntVector low = IntVector.fromMemorySegment(Lanes.INTS, Raw.MEMORY, row + 2L * i, Lanes.ORDER);
            IntVector high = IntVector.fromMemorySegment(Lanes.INTS, Raw.MEMORY, row + 2L * i + 32, Lanes.ORDER);
            a = first(low).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i), a);
            b = first(high).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i + 8), b);
            c = second(low).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i + HALF), c);
            d = second(high).fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i + HALF + 8), d);
        }
        return Lanes.sum(a, b, c, d);
    }

    private static FloatVector first(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static FloatVector second(IntVector pairs) {
        return pairs.and(SECOND).reinterpretAsFloats();
    }

    private static float withRest(float whole, long row, int in, float[] x, int xAt) {
        float sum = whole;
        for (int i = in - in % Lanes.PARTIALS; i < in; i++) {
            float weight = Float.intBitsToFloat(Raw.MEMORY.get(Lanes.SHORT, row + 2L * i) << 16);
            sum = Math.fma(weight, x[xAt + i], sum);
        }
        return sum;
    }
}
