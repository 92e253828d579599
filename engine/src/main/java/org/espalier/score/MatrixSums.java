package org.espalier.score;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.SumTree;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** Matrices, one for each weight, that are summed over the batches of a segment in a fixed tree, and then over segments. */
final class MatrixSums implements AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final TensorPool pool;
    private final Map<String, Tensor> ofBatch = new LinkedHashMap<>();
    private final Map<String, SumTree<Tensor>> ofSegment = new LinkedHashMap<>();
    private final Map<String, Tensor> sums = new LinkedHashMap<>();

    MatrixSums(Backend backend, Queue queue, TensorPool pool) {
        this.backend = backend;
        this.queue = queue;
        this.pool = pool;
    }

    /** The matrix of the batch at work, zero at first. */
    Tensor ofBatch(Value weight) {
        return ofBatch.computeIfAbsent(weight.name(), name -> pool.zeros(weight.shape(), "gradient of " + name));
    }

    /** Ends the batch at work. */
    void end(int batch) {
        ofBatch.forEach((name, matrix) ->
                ofSegment.computeIfAbsent(name, n -> new SumTree<>(this::plus)).add(batch, matrix));
        ofBatch.clear();
    }

    /** Ends the segment at work, of which it only tells what was summed. */
    void tellSegment(int segment, boolean squares, Consumer<GradientSum> sink) {
        ofSegment.forEach((name, tree) -> {
            for (SumTree.Node<Tensor> node : tree.nodes()) {
                float[] numbers = HostCopy.readFloats(backend, queue, node.sum());
                sink.accept(new GradientSum(name, squares, segment, node.level(), node.index(), numbers, null));
            }
            tree.clear(pool::giveBack);
        });
        ofSegment.clear();
    }

    /** Ends the segment at work. */
    void endSegment() {
        ofSegment.forEach((name, tree) -> sums.merge(name, tree.take(), this::plus));
        ofSegment.clear();
    }

    private Tensor plus(Tensor a, Tensor b) {
        backend.add(queue, a, b, 1, a);
        queue.finish();
        pool.giveBack(b);
        return a;
    }

    /** Weights that have a sum. */
    List<String> names() {
        return List.copyOf(sums.keySet());
    }

    /** The sum of a weight, which is gone from here; null if there is none. */
    Tensor take(String name) {
        return sums.remove(name);
    }

    @Override
    public void close() {
        pool.giveBack(ofBatch.values().toArray(Tensor[]::new));
        ofSegment.values().forEach(tree -> tree.clear(pool::giveBack));
        pool.giveBack(sums.values().toArray(Tensor[]::new));
    }
}
