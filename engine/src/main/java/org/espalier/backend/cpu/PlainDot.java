package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Sums of products of plain float32 numbers. Those past the last 32 go to the first eight partial sums. */
final class PlainDot {

    private PlainDot() {}

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
}
