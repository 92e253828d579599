package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Numbers from one stored type to another, and one number everywhere. */
final class Convert {

    /** Numbers of a task: whole blocks of every type. */
    private static final int GRAIN = 1 << 14;
    /** Numbers converted at once. */
    private static final int PIECE = 1024;

    private final WorkerPool pool;

    Convert(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code target = source}, narrow types rounded to nearest, ties to even. */
    void run(DType from, MemorySegment source, DType to, MemorySegment target, long count) {
        if (from == to) {
            pool.ranges(target.byteSize(), GRAIN, (a, b) -> MemorySegment.copy(source, a, target, a, b - a));
            return;
        }
        pool.ranges(count, GRAIN, (a, b) -> {
            int n = (int) (b - a);
            if (to == DType.F32) {
                Widen.decode(from, source, from.bytes(a), target, 4 * a, n);
            } else if (from == DType.F32 && to == DType.BF16) {
                Narrow.bfloat16(source, 4 * a, target, 2 * a, n);
            } else {
                exact(from, source, from.bytes(a), to, target, to.bytes(a), n);
            }
        });
    }

    /** Through float64, which holds every number that a floating type can. */
    private static void exact(
            DType from, MemorySegment source, long at, DType to, MemorySegment target, long out, int count) {
        double[] piece = new double[Math.min(count, PIECE)];
        for (int i = 0; i < count; i += PIECE) {
            int n = Math.min(PIECE, count - i);
            Blocks.decode(from, source, at + from.bytes(i), piece, 0, n);
            for (int j = 0; j < n; j++) {
                put(to, target, out + to.bytes(i + j), piece[j]);
            }
        }
    }

    /** Sets all {@code count} numbers of a plain type. */
    void fill(DType type, MemorySegment target, double value, long count) {
        pool.ranges(count, GRAIN, (a, b) -> {
            if (value == 0 && Double.doubleToRawLongBits(value) == 0) {
                target.asSlice(type.bytes(a), type.bytes(b - a)).fill((byte) 0);
                return;
            }
            for (long i = a; i < b; i++) {
                put(type, target, type.bytes(i), value);
            }
        });
    }

    private static void put(DType type, MemorySegment target, long at, double value) {
        switch (type) {
            case F64 -> target.set(Lanes.DOUBLE, at, value);
            case F32 -> target.set(Lanes.FLOAT, at, (float) value);
            case F16 -> target.set(Lanes.SHORT, at, Float.floatToFloat16(Narrow.roundToOdd(value)));
            case BF16 -> target.set(Lanes.SHORT, at, Blocks.floatToBfloat16(Narrow.roundToOdd(value)));
            case I64 -> target.set(Lanes.LONG, at, (long) value);
            case I32 -> target.set(Lanes.INT, at, (int) value);
            case I16 -> target.set(Lanes.SHORT, at, (short) value);
            case I8, U8 -> target.set(ValueLayout.JAVA_BYTE, at, (byte) value);
            case BOOL -> target.set(ValueLayout.JAVA_BYTE, at, (byte) (value == 0 ? 0 : 1));
            default -> throw new IllegalArgumentException("numbers cannot be written one by one as " + type);
        }
    }
}
