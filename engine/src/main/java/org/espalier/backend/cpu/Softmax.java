package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Exponentials of float32 rows and their sums. Loops compute one vector's exponential a turn: with a second one the
 * compiler gives up inlining and a turn takes several times as long.
 */
final class Softmax {

    /** Numbers summed in float32, 64 to a lane, before the sum goes on in float64. */
    private static final int PIECE = 512;

    private Softmax() {
    }

    /** The largest of {@code count} numbers, negative infinity of none. */
    static float max(MemorySegment row, long base, int count) {
        FloatVector a = FloatVector.broadcast(Lanes.FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        int whole = count - count % (2 * Lanes.WIDTH);
        for (int i = 0; i < whole; i += 2 * Lanes.WIDTH) {
            a = a.max(Lanes.load(row, base + 4L * i));
            b = b.max(Lanes.load(row, base + 4L * i + 32));
        }
        float max = Lanes.max(a.max(b));
        for (int i = whole; i < count; i++) {
            max = Math.max(max, row.get(Lanes.FLOAT, base + 4L * i));
        }
        return max;
    }

    /** {@code Σ e^(row[i] − shift)}. */
    static double sumExp(MemorySegment row, long base, int count, float shift) {
        double sum = 0;
        for (int i = 0; i < count; i += PIECE) {
            sum += pieceSumExp(row, base + 4L * i, Math.min(PIECE, count - i), shift);
        }
        return sum;
    }

    private static float pieceSumExp(MemorySegment row, long base, int count, float shift) {
        FloatVector sums = FloatVector.zero(Lanes.FLOATS);
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            sums = sums.add(FastExp.exp(Lanes.load(row, base + 4L * i).sub(shift)));
        }
        if (whole < count) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(whole, count);
            FloatVector e = FastExp.exp(Lanes.load(row, base + 4L * whole, mask).sub(shift));
            sums = sums.add(FloatVector.zero(Lanes.FLOATS).blend(e, mask));
        }
        return Lanes.sum(sums);
    }

    /** Replaces {@code row[i]} by {@code e^(row[i] − shift)} and returns the sum. */
    static double exp(MemorySegment row, long base, int count, float shift) {
        double sum = 0;
        for (int i = 0; i < count; i += PIECE) {
            sum += pieceExp(row, base + 4L * i, Math.min(PIECE, count - i), shift);
        }
        return sum;
    }

    private static float pieceExp(MemorySegment row, long base, int count, float shift) {
        FloatVector sums = FloatVector.zero(Lanes.FLOATS);
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            FloatVector e = FastExp.exp(Lanes.load(row, base + 4L * i).sub(shift));
            Lanes.store(e, row, base + 4L * i);
            sums = sums.add(e);
        }
        if (whole < count) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(whole, count);
            FloatVector e = FastExp.exp(Lanes.load(row, base + 4L * whole, mask).sub(shift));
            Lanes.store(e, row, base + 4L * whole, mask);
            sums = sums.add(FloatVector.zero(Lanes.FLOATS).blend(e, mask));
        }
        return Lanes.sum(sums);
    }

    /** {@code target[i] = factor · e^(row[i] − shift)}. */
    static void scaledExp(MemorySegment row, MemorySegment target, long base, int count, float shift, float factor) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            long at = base + 4L * i;
            Lanes.store(FastExp.exp(Lanes.load(row, at).sub(shift)).mul(factor), target, at);
        }
        for (int i = whole; i < count; i++) {
            long at = base + 4L * i;
            target.set(Lanes.FLOAT, at, FastExp.exp(row.get(Lanes.FLOAT, at) - shift) * factor);
        }
    }
}
