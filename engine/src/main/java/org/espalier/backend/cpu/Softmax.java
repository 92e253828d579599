package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Exponentials of float32 rows and their sums. Loops compute one vector's exponential a turn, and what is left of a row is
 * done number by number: with a second vector's the compiler gives up inlining and a turn takes several times as long.
 */
final class Softmax {

    /** Numbers summed in float32, 32 to a partial sum, before the sum goes on in float64. */
    private static final int PIECE = 512;

    private Softmax() {}

    /** The largest of {@code count} numbers, negative infinity of none. */
    static float max(MemorySegment row, long base, int count) {
        long at = Raw.address(row, base, 4L * count);
        FloatVector a = Widest.all(Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int whole = count - count % (4 * Widest.WIDTH);
        for (int i = 0; i < whole; i += 4 * Widest.WIDTH) {
            long address = at + 4L * i;
            a = a.max(Widest.load(address));
            b = b.max(Widest.load(address + 4L * Widest.WIDTH));
            c = c.max(Widest.load(address + 8L * Widest.WIDTH));
            d = d.max(Widest.load(address + 12L * Widest.WIDTH));
        }
        float max = Widest.max(a.max(b).max(c.max(d)));
        for (int i = whole; i < count; i++) {
            max = Math.max(max, Raw.MEMORY.get(Lanes.FLOAT, at + 4L * i));
        }
        return max;
    }

    /** {@code Σ e^(row[i] − shift)}. */
    static double sumExp(MemorySegment row, long base, int count, float shift) {
        return exp(Raw.address(row, base, 4L * count), Raw.NOWHERE, count, shift);
    }

    /** Replaces {@code row[i]} by {@code e^(row[i] − shift)} and returns the sum. */
    static double exp(MemorySegment row, long base, int count, float shift) {
        long at = Raw.address(row, base, 4L * count);
        return exp(at, at, count, shift);
    }

    private static double exp(long row, long target, int count, float shift) {
        double sum = 0;
        for (int i = 0; i < count; i += PIECE) {
            long targetAt = target == Raw.NOWHERE ? Raw.NOWHERE : target + 4L * i;
            sum += pieceExp(row + 4L * i, targetAt, Math.min(PIECE, count - i), shift);
        }
        return sum;
    }

    /** Number {@code i} goes to partial sum {@code i mod 16}; those past the last 16 are added one by one. */
    private static float pieceExp(long row, long target, int count, float shift) {
        FloatVector sums = FloatVector.zero(Lanes.FLOATS);
        int whole = count - count % Widest.PARTIALS;
        for (int lane = 0; lane < Widest.PARTIALS; lane += Widest.WIDTH) {
            FloatVector partial = FloatVector.zero(Widest.FLOATS);
            for (int i = lane; i < whole; i += Widest.PARTIALS) {
                FloatVector e = FastExp.exp(Widest.load(row + 4L * i).sub(shift));
                if (target != Raw.NOWHERE) {
                    Widest.store(e, target + 4L * i);
                }
                partial = partial.add(e);
            }
            sums = sums.add(Widest.fold(partial));
        }
        float sum = Lanes.sum(sums);
        for (int i = whole; i < count; i++) {
            float e = FastExp.exp(Raw.MEMORY.get(Lanes.FLOAT, row + 4L * i) - shift);
            if (target != Raw.NOWHERE) {
                Raw.MEMORY.set(Lanes.FLOAT, target + 4L * i, e);
            }
            sum += e;
        }
        return sum;
    }

    /** {@code target[i] = factor · e^(row[i] − shift)}. */
    static void scaledExp(MemorySegment row, MemorySegment target, long base, int count, float shift, float factor) {
        long sourceAt = Raw.address(row, base, 4L * count);
        long targetAt = Raw.address(target, base, 4L * count);
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            Widest.store(FastExp.exp(Widest.load(sourceAt + 4L * i).sub(shift)).mul(factor), targetAt + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            float e = FastExp.exp(Raw.MEMORY.get(Lanes.FLOAT, sourceAt + 4L * i) - shift);
            Raw.MEMORY.set(Lanes.FLOAT, targetAt + 4L * i, e * factor);
        }
    }
}
