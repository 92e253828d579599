package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Numbers between Java arrays and a device. */
public final class HostCopy {

    private HostCopy() {}

    /** The numbers of an F32 or F64 tensor. */
    public static double[] readDoubles(MemoryOps memory, Queue queue, Tensor tensor) {
        try (NativeMemory staging = download(memory, queue, tensor)) {
            MemorySegment bytes = staging.segment();
            double[] numbers = new double[Math.toIntExact(tensor.shape().elements())];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = switch (tensor.type()) {
                    case F64 -> bytes.get(ValueLayout.JAVA_DOUBLE, 8L * i);
                    case F32 -> bytes.get(ValueLayout.JAVA_FLOAT, 4L * i);
                    default ->
                        throw new IllegalArgumentException("readDoubles: " + tensor.type() + " " + tensor.shape());
                };
            }
            return numbers;
        }
    }

    /** The numbers of a tensor of any stored type. */
    static double[] decode(MemoryOps memory, Queue queue, Tensor tensor) {
        try (NativeMemory staging = download(memory, queue, tensor)) {
            double[] numbers = new double[Math.toIntExact(tensor.shape().elements())];
            Blocks.decode(tensor.type(), staging.segment(), 0, numbers, 0, numbers.length);
            return numbers;
        }
    }

    /** What is added up in an F32 or F64 target: its numbers, or zeros, without a look at it, where it is written. */
    static double[] accumulator(MemoryOps memory, Queue queue, Target target) {
        Tensor tensor = target.tensor();
        return target.accumulates()
                ? readDoubles(memory, queue, tensor)
                : new double[Math.toIntExact(tensor.shape().elements())];
    }

    /** The numbers of an F32 or F64 tensor, rounded to float32. */
    public static float[] readFloats(MemoryOps memory, Queue queue, Tensor tensor) {
        if (tensor.type() == DType.F32) {
            try (NativeMemory staging = download(memory, queue, tensor)) {
                return staging.segment().toArray(ValueLayout.JAVA_FLOAT);
            }
        }
        double[] numbers = readDoubles(memory, queue, tensor);
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) numbers[i];
        }
        return rounded;
    }

    /** The numbers of an I32 tensor. */
    public static int[] readInts(MemoryOps memory, Queue queue, Tensor tensor) {
        if (tensor.type() != DType.I32) {
            throw new IllegalArgumentException("readInts: " + tensor.type() + " " + tensor.shape());
        }
        try (NativeMemory staging = download(memory, queue, tensor)) {
            return staging.segment().toArray(ValueLayout.JAVA_INT);
        }
    }

    /** Writes as many numbers as the I32 tensor holds. */
    public static void writeInts(MemoryOps memory, Queue queue, int[] numbers, Tensor tensor) {
        require(tensor, numbers.length, DType.I32);
        try (NativeMemory staging = NativeMemory.allocate(4L * numbers.length, "upload staging")) {
            MemorySegment.copy(numbers, 0, staging.segment(), ValueLayout.JAVA_INT, 0, numbers.length);
            memory.upload(queue, staging.segment(), tensor);
        }
    }

    /** Writes as many numbers as the F32 or F64 tensor holds. */
    public static void writeDoubles(MemoryOps memory, Queue queue, double[] numbers, Tensor tensor) {
        require(tensor, numbers.length, tensor.type() == DType.F64 ? DType.F64 : DType.F32);
        try (NativeMemory staging = NativeMemory.allocate(tensor.bytes(), "upload staging")) {
            for (int i = 0; i < numbers.length; i++) {
                if (tensor.type() == DType.F64) {
                    staging.segment().set(ValueLayout.JAVA_DOUBLE, 8L * i, numbers[i]);
                } else {
                    staging.segment().set(ValueLayout.JAVA_FLOAT, 4L * i, (float) numbers[i]);
                }
            }
            memory.upload(queue, staging.segment(), tensor);
        }
    }

    private static NativeMemory download(MemoryOps memory, Queue queue, Tensor tensor) {
        NativeMemory staging = NativeMemory.allocate(tensor.bytes(), "download staging");
        try {
            memory.download(queue, tensor, staging.segment());
            return staging;
        } catch (RuntimeException e) {
            staging.close();
            throw e;
        }
    }

    private static void require(Tensor tensor, int count, DType type) {
        if (tensor.type() != type || tensor.shape().elements() != count) {
            throw new IllegalArgumentException(
                    "write: " + count + " numbers do not fill " + tensor.type() + " " + tensor.shape());
        }
    }
}
