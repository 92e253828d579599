package org.espalier.backend.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.Target;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Stored numbers to float64 and back. */
final class Numbers {

    private Numbers() {}

    /** All numbers of a tensor of any stored type. */
    static double[] read(Tensor tensor) {
        double[] numbers = new double[Math.toIntExact(tensor.shape().elements())];
        Blocks.decode(tensor.type(), HostBuffer.segment(tensor), 0, numbers, 0, numbers.length);
        return numbers;
    }

    /** One row of a matrix of any stored type, so that a large weight is never widened whole. */
    static void readRow(Tensor matrix, long row, double[] target) {
        Blocks.decode(matrix.type(), HostBuffer.segment(matrix), row * matrix.rowBytes(), target, 0, target.length);
    }

    /** What is added up in a target: its numbers, or zeros, without a look at it, where it is written. */
    static double[] accumulator(Target target) {
        return target.accumulates() ? read(target.tensor()) : zeros(target.tensor());
    }

    /** As many zeros as a tensor has numbers. */
    static double[] zeros(Tensor tensor) {
        return new double[Math.toIntExact(tensor.shape().elements())];
    }

    static void write(Target target, double[] numbers) {
        write(target.tensor(), numbers);
    }

    static int[] readInts(Tensor tensor) {
        return HostBuffer.segment(tensor).toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }

    static void writeInts(Tensor tensor, int[] numbers) {
        MemorySegment.copy(numbers, 0, HostBuffer.segment(tensor), ValueLayout.JAVA_INT_UNALIGNED, 0, numbers.length);
    }

    /** Fills a tensor of a plain type; types narrower than float32 are rounded by way of float32. */
    static void write(Tensor tensor, double[] numbers) {
        MemorySegment bytes = HostBuffer.segment(tensor);
        for (int i = 0; i < numbers.length; i++) {
            write(tensor.type(), bytes, (long) i * tensor.type().blockBytes(), numbers[i]);
        }
    }

    private static void write(DType type, MemorySegment bytes, long at, double number) {
        switch (type) {
            case F64 -> bytes.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, number);
            case F32 -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) number);
            case F16, BF16 -> Blocks.encode(type, new float[] {(float) number}, 0, bytes, at, 1);
            case I64 -> bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, at, (long) number);
            case I32 -> bytes.set(ValueLayout.JAVA_INT_UNALIGNED, at, (int) number);
            case I16 -> bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) number);
            case I8, U8, BOOL -> bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (int) number);
            default -> throw new IllegalArgumentException("numbers cannot be written as " + type);
        }
    }
}
