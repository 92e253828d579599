package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * {@code y[r] = Σ_i w[r, i] x[i]} for rows stored as plain numbers, reading each weight once, in its stored type. Numbers
 * past the last 32 of a row go to the first eight partial sums.
 */
final class PlainDot {

    private PlainDot() {
    }

    /** Rows {@code from} to {@code to} of float32 {@code w [., in]}. */
    static void float32(MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to) {
        for (int r = from; r < to; r++) {
            y.set(Lanes.FLOAT, yAt + 4L * r, dot(w, 4L * in * r, x, xAt, in));
        }
    }

    /** {@code Σ a[i] b[i]} in 32 interleaved partial sums. */
    static float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int count) {
        FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = count - count % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long ai = aAt + 4L * i;
            long bi = bAt + 4L * i;
            s0 = Lanes.load(a, ai).fma(Lanes.load(b, bi), s0);
            s1 = Lanes.load(a, ai + 32).fma(Lanes.load(b, bi + 32), s1);
            s2 = Lanes.load(a, ai + 64).fma(Lanes.load(b, bi + 64), s2);
            s3 = Lanes.load(a, ai + 96).fma(Lanes.load(b, bi + 96), s3);
        }
        for (int i = whole; i < count; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, count);
            s0 = Lanes.load(a, aAt + 4L * i, mask).fma(Lanes.load(b, bAt + 4L * i, mask), s0);
        }
        return Lanes.sum(s0, s1, s2, s3);
    }

    /** Rows {@code from} to {@code to} of bfloat16 {@code w [., in]}. */
    static void bfloat16(MemorySegment w, int in, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to) {
        int whole = in - in % Lanes.PARTIALS;
        for (int r = from; r < to; r++) {
            long row = 2L * in * r;
            FloatVector a = FloatVector.zero(Lanes.FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int i = 0; i < whole; i += Lanes.PARTIALS) {
                long at = row + 2L * i;
                long xi = xAt + 4L * i;
                a = Stored.bfloat16(w, at).fma(Lanes.load(x, xi), a);
                b = Stored.bfloat16(w, at + 16).fma(Lanes.load(x, xi + 32), b);
                c = Stored.bfloat16(w, at + 32).fma(Lanes.load(x, xi + 64), c);
                d = Stored.bfloat16(w, at + 48).fma(Lanes.load(x, xi + 96), d);
            }
            for (int i = whole; i < in; i += Lanes.WIDTH) {
                VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, in);
                a = Stored.bfloat16(w, row + 2L * i, in - i).fma(Lanes.load(x, xAt + 4L * i, mask), a);
            }
            y.set(Lanes.FLOAT, yAt + 4L * r, Lanes.sum(a, b, c, d));
        }
    }
}
