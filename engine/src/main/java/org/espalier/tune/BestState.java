package org.espalier.tune;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** What was learned when the held-out loss was lowest, as a copy that training does not change. */
final class BestState implements AutoCloseable {

    private final Backend backend;
    private final Map<String, Tensor> learned;
    private final Map<String, Tensor> kept = new LinkedHashMap<>();

    /** @param learned by name; it stays the caller's */
    BestState(Backend backend, Map<String, Tensor> learned) {
        this.backend = backend;
        this.learned = learned;
    }

    /** Copies what is learned as it is now. */
    void keep() {
        copy(learned, room());
    }

    /** Puts what was kept back. */
    void restore() {
        copy(kept, learned);
    }

    /** What was kept, by name; empty if nothing was. */
    Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(kept);
    }

    /** As above, for somebody who fills it. */
    Map<String, Tensor> room() {
        learned.forEach((name, tensor) -> kept.computeIfAbsent(
                name, _ -> backend.allocate(tensor.type(), tensor.shape(), "the best so far of " + name)));
        return kept;
    }

    private void copy(Map<String, Tensor> from, Map<String, Tensor> to) {
        try (Queue queue = backend.newQueue()) {
            from.forEach((name, tensor) -> backend.convert(queue, tensor, to.get(name)));
            queue.finish();
        }
    }

    @Override
    public void close() {
        kept.values().forEach(t -> t.buffer().close());
        kept.clear();
    }
}
