package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.espalier.backend.MemoryOps;
import org.espalier.backend.OwnMemory;
import org.espalier.backend.Queue;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Tensors lie in memory of the device, and weights are copied there. */
interface CudaMemory extends MemoryOps, CudaOps {

    @Override
    default String name() {
        return "cuda";
    }

    @Override
    default DType computeType() {
        return COMPUTE;
    }

    @Override
    default Queue newQueue() {
        CudaAllocator memory = session().memory();
        return CudaQueue.open(session().context(), (queue, step) -> CudaRepeat.of(queue, memory, step));
    }

    @Override
    default Optional<OwnMemory> ownMemory() {
        CudaAllocator memory = session().memory();
        return Optional.of(new OwnMemory(memory.room(), memory.used(), memory.peak()));
    }

    @Override
    default Runnable askWhenFull(BooleanSupplier giver) {
        return session().memory().askWhenFull(giver);
    }

    @Override
    default Buffer allocate(long bytes, String purpose) {
        return session().memory().allocate(bytes, purpose);
    }

    @Override
    default Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape) {
        Checks.weight(bytes, type, shape);
        Tensor copy = allocate(type, shape, "a weight");
        try {
            if (copy.bytes() != 0) {
                session().staging().uploadMapped(session().ownQueue(queue), bytes, copy);
            }
            return copy;
        } catch (RuntimeException e) {
            copy.buffer().close();
            throw e;
        }
    }

    @Override
    default void upload(Queue queue, MemorySegment source, Tensor target) {
        Checks.sameBytes("upload", source, target);
        if (target.bytes() != 0) {
            session().staging().upload(session().ownQueue(queue), source, target);
        }
    }

    @Override
    default void download(Queue queue, Tensor source, MemorySegment target) {
        Checks.sameBytes("download", target, source);
        CudaQueue stream = session().ownQueue(queue);
        if (source.bytes() != 0) {
            long address = CudaBuffer.address(source, stream);
            session()
                    .context()
                    .check(
                            CudaLibrary.cuMemcpyDtoHAsync_v2(target, address, source.bytes(), stream.enter()),
                            "download",
                            source.type(),
                            source.shape());
        }
        stream.finish("download", source.type(), source.shape());
    }

    @Override
    default void fill(Queue queue, Tensor target, double value) {
        Checks.fill(target);
        new CudaConvert(session(), session().ownQueue(queue)).fill(target, value);
    }

    @Override
    default void convert(Queue queue, Tensor source, Tensor target) {
        Checks.convert(source, target);
        new CudaConvert(session(), session().ownQueue(queue)).run(source, target);
    }
}
