package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Memory of a device, and the only places where numbers pass between it and the host. */
public interface MemoryOps extends AutoCloseable {

    /** Short name for messages and reports: {@code cpu}, {@code reference}, {@code cuda}. */
    String name();

    /** The type of activations and gradients: float32, or float64 in the reference. */
    DType computeType();

    /** A new queue that the caller closes. */
    Queue newQueue();

    /** The memory that the device has of its own; empty where tensors lie in the host's and weights where they are. */
    default Optional<OwnMemory> ownMemory() {
        return Optional.empty();
    }

    /**
     * Has memory of the device's own asked back when there is too little of it, before that is a failure.
     *
     * @param giver closes buffers that can be had again, and says whether there was one; called by the thread that allocates
     * @return what ends this
     */
    default Runnable askWhenFull(BooleanSupplier giver) {
        return () -> {};
    }

    /**
     * Memory that the caller closes; its content is undefined.
     *
     * @param purpose what it is for, named when it leaks or cannot be had
     * @throws org.espalier.error.Failure if there is no such memory
     */
    Buffer allocate(long bytes, String purpose);

    /** A new tensor over its own buffer, which the caller closes; type and shape are named beside the purpose. */
    default Tensor allocate(DType type, Shape shape, String purpose) {
        return Tensor.of(allocate(type.bytes(shape.elements()), purpose + " " + type + " " + shape), type, shape);
    }

    /**
     * A weight that lies in host memory, usually a mapped file, as a tensor that operations take. The bytes need not be
     * aligned and must stay as they are until the tensor's buffer is closed; a device with its own memory copies them.
     *
     * @param bytes native (never heap) memory of exactly {@code type.bytes(shape.elements())} bytes
     */
    Tensor weight(Queue queue, MemorySegment bytes, DType type, Shape shape);

    /** Copies host bytes, which may change as soon as this returns, into a tensor of the same size. */
    void upload(Queue queue, MemorySegment source, Tensor target);

    /** Waits for the queue and copies a tensor's bytes to the host. */
    void download(Queue queue, Tensor source, MemorySegment target);

    /** Sets every number of a plain floating or integer tensor. */
    void fill(Queue queue, Tensor target, double value);

    /** {@code target = source}, between any stored type and any plain floating type, of equal element counts. */
    void convert(Queue queue, Tensor source, Tensor target);

    @Override
    void close();

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code bytes} must be native memory of exactly the size that the type and the shape ask for. */
        public static void weight(MemorySegment bytes, DType type, Shape shape) {
            if (!bytes.isNative() || bytes.byteSize() != type.bytes(shape.elements())) {
                throw new IllegalArgumentException("weight: " + type + " " + shape + " needs "
                        + type.bytes(shape.elements()) + " bytes of native memory; got " + bytes.byteSize()
                        + (bytes.isNative() ? "" : " of heap memory"));
            }
        }

        /** For {@code upload} and {@code download}. */
        public static void sameBytes(String operation, MemorySegment host, Tensor tensor) {
            if (host.byteSize() != tensor.bytes()) {
                throw new IllegalArgumentException(operation + ": the host side has " + host.byteSize() + " bytes, not "
                        + tensor.bytes() + "; tensor " + tensor.type() + " " + tensor.shape());
            }
        }

        /** {@code target} must be of a plain type. */
        public static void fill(Tensor target) {
            Operands.of("fill", "target", target)
                    .present(target)
                    .require(target.type().plain(), "target must be of a plain type");
        }

        /** {@code target} must be of a plain floating type and have as many numbers as {@code source}. */
        public static void convert(Tensor source, Tensor target) {
            Operands o =
                    Operands.of("convert", "source", source, "target", target).present(source, target);
            o.floating(target, target.shape().toArray())
                    .require(source.shape().elements() == target.shape().elements(), "element counts differ");
        }
    }
}
