package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Numbers to stored types in host memory. */
final class HostConversion {

    private HostConversion() {}

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
