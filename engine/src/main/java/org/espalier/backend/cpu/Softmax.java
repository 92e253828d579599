package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Exponentials of float32 rows and their sums. */
final class Softmax {

    /** Numbers summed in float32 before the sum goes on in float64. */
    private static final int PIECE = 2048;

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
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int whole = count - count % Lanes.PARTIALS;
        for (int i = 0; i < whole; i += Lanes.PARTIALS) {
            long at = base + 4L * i;
            a = a.add(FastExp.exp(Lanes.load(row, at).sub(shift)));
            b = b.add(FastExp.exp(Lanes.load(row, at + 32).sub(shift)));
            c = c.add(FastExp.exp(Lanes.load(row, at + 64).sub(shift)));
            d = d.add(FastExp.exp(Lanes.load(row, at + 96).sub(shift)));
        }
        for (int i = whole; i < count; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, count);
            FloatVector e = FastExp.exp(Lanes.load(row, base + 4L * i, mask).sub(shift));
            a = a.add(FloatVector.zero(Lanes.FLOATS).blend(e, mask));
        }
        return Lanes.sum(a, b, c, d);
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
        FloatVector a = FloatVector.zero(Lanes.FLOATS);
        FloatVector b = a;
        int whole = count - count % (2 * Lanes.WIDTH);
        for (int i = 0; i < whole; i += 2 * Lanes.WIDTH) {
            long at = base + 4L * i;
            FloatVector e = FastExp.exp(Lanes.load(row, at).sub(shift));
            FloatVector f = FastExp.exp(Lanes.load(row, at + 32).sub(shift));
            Lanes.store(e, row, at);
            Lanes.store(f, row, at + 32);
            a = a.add(e);
            b = b.add(f);
        }
        for (int i = whole; i < count; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, count);
            FloatVector e = FastExp.exp(Lanes.load(row, base + 4L * i, mask).sub(shift));
            Lanes.store(e, row, base + 4L * i, mask);
            a = a.add(FloatVector.zero(Lanes.FLOATS).blend(e, mask));
        }
        return Lanes.sum(a.add(b));
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
