package org.espalier.prune;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Tensors of the compute type that are used again by the next layer: fresh memory costs more than the work on it. */
final class TensorPool implements AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final Map<Shape, Deque<Tensor>> spare = new HashMap<>();

    TensorPool(Backend backend) {
        this.backend = backend;
        this.queue = backend.newQueue();
    }

    /** A tensor of zeros. */
    Tensor zeros(Shape shape, String purpose) {
        Tensor known = spare.computeIfAbsent(shape, s -> new ArrayDeque<>()).poll();
        Tensor tensor = known != null ? known : backend.allocate(backend.computeType(), shape, purpose);
        backend.fill(queue, tensor, 0);
        queue.finish();
        return tensor;
    }

    /** Takes tensors back; null is nothing. */
    void giveBack(Tensor... tensors) {
        Stream.of(tensors).filter(Objects::nonNull).forEach(t -> spare.get(t.shape()).push(t));
    }

    @Override
    public void close() {
        spare.values().forEach(tensors -> tensors.forEach(t -> t.buffer().close()));
        queue.close();
    }
}
