package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.MemoryOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Tensors lie in the host's memory, and weights where their file is mapped. */
interface CpuMemory extends MemoryOps, CpuOps {

    @Override
    default String name() {
        return "cpu";
    }

    @Override
    default DType computeType() {
        return COMPUTE;
    }

    @Override
    default Queue newQueue() {
        return new DoneQueue();
    }

    /** Operations are done when they return, so that there is nothing to wait for. */
    record DoneQueue() implements Queue {
        @Override
        public void finish() {}

        @Override
        public void close() {}
    }

    @Override
    default Buffer allocate(long bytes, String purpose) {
        return HostBuffer.allocate(bytes, purpose);
    }

    @Override
    default Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape) {
        Checks.weight(bytes, type, shape);
        return Tensor.of(HostBuffer.view(bytes), type, shape);
    }

    @Override
    default void upload(Queue queue, MemorySegment source, Tensor target) {
        Checks.sameBytes("upload", source, target);
        Segments.of(target).copyFrom(source);
    }

    @Override
    default void download(Queue queue, Tensor source, MemorySegment target) {
        Checks.sameBytes("download", target, source);
        target.copyFrom(Segments.of(source));
    }

    @Override
    default void fill(Queue queue, Tensor target, double value) {
        Checks.fill(target);
        new Convert(session().pool())
                .fill(target.type(), Segments.of(target), value, target.shape().elements());
    }

    @Override
    default void convert(Queue queue, Tensor source, Tensor target) {
        Checks.convert(source, target);
        new Convert(session().pool())
                .run(
                        source.type(),
                        Segments.of(source),
                        target.type(),
                        Segments.of(target),
                        source.shape().elements());
    }
}
