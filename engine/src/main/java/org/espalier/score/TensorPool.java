package org.espalier.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Tensors of the compute type whose memory the next layer uses again: fresh memory costs more than the work on it. */
final class TensorPool implements AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final List<Buffer> spare = new ArrayList<>();

    TensorPool(Backend backend) {
        this.backend = backend;
        this.queue = backend.newQueue();
    }

    /** A tensor of zeros. */
    Tensor zeros(Shape shape, String purpose) {
        DType type = backend.computeType();
        long bytes = type.bytes(shape.elements());
        Buffer buffer = spare.stream()
                .filter(b -> b.bytes() >= bytes)
                .min(Comparator.comparingLong(Buffer::bytes))
                .orElse(null);
        if (buffer == null) {
            buffer = backend.allocate(type, shape, purpose).buffer();
        } else {
            spare.remove(buffer);
        }
        Tensor tensor = new Tensor(buffer, 0, type, shape);
        backend.fill(queue, tensor, 0);
        queue.finish();
        return tensor;
    }

    /** Takes tensors back; null is nothing. */
    void giveBack(Tensor... tensors) {
        Stream.of(tensors).filter(Objects::nonNull).map(Tensor::buffer).forEach(spare::add);
    }

    /** Gives up what lies idle. */
    void release() {
        spare.forEach(Buffer::close);
        spare.clear();
    }

    @Override
    public void close() {
        release();
        queue.close();
    }
}
