package org.espalier.backend.reference;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.MemoryOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

interface ReferenceMemory extends MemoryOps {

    /** Every floating type reads bytes of this value as NaN. */
    byte POISON = (byte) 0xFF;

    @Override
    default String name() {
        return "reference";
    }

    @Override
    default DType computeType() {
        return DType.F64;
    }

    @Override
    default Queue newQueue() {
        return new Queue() {
            @Override
            public void finish() {
                // Everything happened when it was given.
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
    }

    @Override
    default Buffer allocate(long bytes, String purpose) {
        HostBuffer buffer = HostBuffer.allocate(bytes, purpose);
        buffer.segment().fill(POISON);
        return buffer;
    }

    @Override
    default Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape) {
        Checks.weight(bytes, type, shape);
        return Tensor.of(HostBuffer.view(bytes), type, shape);
    }

    @Override
    default void upload(Queue queue, MemorySegment source, Tensor target) {
        Checks.sameBytes("upload", source, target);
        HostBuffer.segment(target).copyFrom(source);
    }

    @Override
    default void download(Queue queue, Tensor source, MemorySegment target) {
        Checks.sameBytes("download", target, source);
        target.copyFrom(HostBuffer.segment(source));
    }

    @Override
    default void fill(Queue queue, Tensor target, double value) {
        Checks.fill(target);
        double[] numbers = new double[Math.toIntExact(target.shape().elements())];
        Arrays.fill(numbers, value);
        Numbers.write(target, numbers);
    }

    @Override
    default void convert(Queue queue, Tensor source, Tensor target) {
        Checks.convert(source, target);
        Numbers.write(target, Numbers.read(source));
    }
}
