package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Operations number by number on float32 memory of equal sizes. */
final class Elementwise {

    /** Numbers of a task: some microseconds of work. */
    static final int GRAIN = 1 << 14;

    private final WorkerPool pool;

    Elementwise(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code out = a + scale · b}. */
    void add(MemorySegment a, MemorySegment b, float scale, MemorySegment out, long count) {
        pool.ranges(count, GRAIN, (start, end) -> addRange(a, b, scale, out, 4 * start, (int) (end - start)));
    }

    private static void addRange(
            MemorySegment a, MemorySegment b, float scale, MemorySegment out, long base, int count) {
        FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, scale);
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            long at = base + 4L * i;
            Lanes.store(Lanes.load(b, at).fma(factor, Lanes.load(a, at)), out, at);
        }
        for (int i = whole; i < count; i++) {
            long at = base + 4L * i;
            out.set(Lanes.FLOAT, at, Math.fma(b.get(Lanes.FLOAT, at), scale, a.get(Lanes.FLOAT, at)));
        }
    }

    /** {@code out = beta out + a · b}. */
    void multiply(MemorySegment a, MemorySegment b, MemorySegment out, float beta, long count) {
        pool.ranges(count, GRAIN, (start, end) -> {
            long bytes = 4 * (end - start);
            multiply(
                    Raw.address(a, 4 * start, bytes),
                    Raw.address(b, 4 * start, bytes),
                    Raw.address(out, 4 * start, bytes),
                    beta,
                    (int) (end - start));
        });
    }

    private static void multiply(long a, long b, long out, float beta, int count) {
        int whole = Widest.whole(count);
        for (long at = 0; at < 4L * whole; at += 4L * Widest.WIDTH) {
            FloatVector product = Widest.load(a + at).mul(Widest.load(b + at));
            Widest.store(beta == 0 ? product : product.add(Widest.load(out + at)), out + at);
        }
        for (int i = whole; i < count; i++) {
            float product = Raw.get(a, i) * Raw.get(b, i);
            Raw.set(out, i, beta == 0 ? product : product + Raw.get(out, i));
        }
    }

    /** {@code target = scale · source}. */
    void scale(MemorySegment source, float scale, MemorySegment target, long count) {
        pool.ranges(count, GRAIN, (start, end) -> scaleRange(source, scale, target, 4 * start, (int) (end - start)));
    }

    private static void scaleRange(MemorySegment source, float scale, MemorySegment target, long base, int count) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            long at = base + 4L * i;
            Lanes.store(Lanes.load(source, at).mul(scale), target, at);
        }
        for (int i = whole; i < count; i++) {
            long at = base + 4L * i;
            target.set(Lanes.FLOAT, at, source.get(Lanes.FLOAT, at) * scale);
        }
    }

    /** Adds columns {@code start} to {@code end} of {@code row} to each of {@code rows} rows of {@code columns}. */
    static void addRow(MemorySegment target, int columns, int rows, MemorySegment row, int start, int end) {
        for (int r = 0; r < rows; r++) {
            long base = 4L * columns * r;
            int whole = start + Lanes.whole(end - start);
            for (int c = start; c < whole; c += Lanes.WIDTH) {
                long at = base + 4L * c;
                Lanes.store(Lanes.load(target, at).add(Lanes.load(row, 4L * c)), target, at);
            }
            for (int c = whole; c < end; c++) {
                long at = base + 4L * c;
                target.set(Lanes.FLOAT, at, target.get(Lanes.FLOAT, at) + row.get(Lanes.FLOAT, 4L * c));
            }
        }
    }

    /** Multiplies {@code count} numbers from byte {@code base} on. */
    static void scaleInPlace(MemorySegment target, long base, int count, float factor) {
        scaleRange(target, factor, target, base, count);
    }

    /** {@code target[i] += factor · source[i]}. */
    static void addScaled(
            MemorySegment source, long sourceAt, float factor, MemorySegment target, long targetAt, int count) {
        FloatVector scale = FloatVector.broadcast(Lanes.FLOATS, factor);
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            Lanes.store(
                    Lanes.load(source, sourceAt + 4L * i).fma(scale, Lanes.load(target, targetAt + 4L * i)),
                    target,
                    targetAt + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            target.set(
                    Lanes.FLOAT,
                    targetAt + 4L * i,
                    Math.fma(
                            source.get(Lanes.FLOAT, sourceAt + 4L * i),
                            factor,
                            target.get(Lanes.FLOAT, targetAt + 4L * i)));
        }
    }
}
