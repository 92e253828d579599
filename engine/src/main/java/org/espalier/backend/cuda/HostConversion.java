package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Numbers from one stored type to another in host memory, piece by piece. */
final class HostConversion {

    /** Numbers at a time: whole blocks of every type. */
    private static final int PIECE = 4096;

    private HostConversion() {
    }

    /** {@code target = source}, {@code count} numbers; narrow types are rounded by way of float32. */
    static void convert(DType from, MemorySegment source, DType to, MemorySegment target, long count) {
        double[] wide = new double[PIECE];
        for (long done = 0; done < count; done += PIECE) {
            int n = (int) Math.min(PIECE, count - done);
            Blocks.decode(from, source, from.bytes(done), wide, 0, n);
            encode(to, wide, target.asSlice(to.bytes(done), to.bytes(n)), n);
        }
    }

    /** Writes the first {@code count} numbers as a plain type. */
    static void encode(DType type, double[] numbers, MemorySegment target, int count) {
        switch (type) {
            case F64 -> MemorySegment.copy(numbers, 0, target, ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, count);
            case F32, F16, BF16 -> {
                float[] narrow = new float[count];
                for (int i = 0; i < count; i++) {
                    narrow[i] = (float) numbers[i];
                }
                Blocks.encode(type, narrow, 0, target, 0, count);
            }
            default -> integers(type, numbers, target, count);
        }
    }

    private static void integers(DType type, double[] numbers, MemorySegment target, int count) {
        for (int i = 0; i < count; i++) {
            switch (type) {
                case I64 -> target.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, (long) numbers[i]);
                case I32 -> target.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) numbers[i]);
                case I16 -> target.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) numbers[i]);
                case I8, U8, BOOL -> target.set(ValueLayout.JAVA_BYTE, i, (byte) numbers[i]);
                default -> throw new IllegalArgumentException("numbers cannot be written as " + type);
            }
        }
    }
}
