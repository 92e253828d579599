package org.espalier.score;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.TreeMap;
import org.espalier.model.SumTree;

/**
 * Vectors of weights that are summed over batches, in a fixed tree, so that the sums are the same however batches are divided
 * among processes. Of a weight that several segments use each has a tree of its own.
 */
final class BatchSums {

    private record Key(String weight, String what) {}

    /** The number of the first batch that is summed here. */
    private final int firstBatch;

    private final Map<Key, TreeMap<Integer, SumTree<double[]>>> trees = new LinkedHashMap<>();
    /** Of the batch and the segment at work. */
    private final Map<Key, double[]> open = new LinkedHashMap<>();

    BatchSums(int firstBatch) {
        this.firstBatch = firstBatch;
    }

    /** The number of the first batch that is summed here. */
    int firstBatch() {
        return firstBatch;
    }

    /** Adds to the batch at work; {@code numbers} are kept, and may be added to. */
    void add(String weight, String what, double[] numbers) {
        open.merge(new Key(weight, what), numbers, BatchSums::plus);
    }

    /** Ends the batch at work, the {@code batch}th of a walk, in a segment. */
    void end(int segment, int batch) {
        open.forEach((key, numbers) -> tree(key, segment).add(firstBatch + batch, numbers));
        open.clear();
    }

    private SumTree<double[]> tree(Key key, int segment) {
        return trees.computeIfAbsent(key, k -> new TreeMap<>())
                .computeIfAbsent(segment, s -> new SumTree<>(BatchSums::plus));
    }

    private static double[] plus(double[] a, double[] b) {
        for (int i = 0; i < a.length; i++) {
            a[i] += b[i];
        }
        return a;
    }

    /** What was summed so far. */
    List<ScoreSum> nodes() {
        List<ScoreSum> nodes = new ArrayList<>();
        trees.forEach((key, segments) -> segments.forEach((segment, tree) -> tree.nodes()
                .forEach(node -> nodes.add(
                        new ScoreSum(key.weight, key.what, segment, node.level(), node.index(), node.sum())))));
        return nodes;
    }

    /** Adds what somebody else has summed. */
    void add(ScoreSum node) {
        tree(new Key(node.weight(), node.what()), node.segment())
                .add(new SumTree.Node<>(node.level(), node.index(), node.sum()));
    }

    /** Weights of which this was summed. */
    SequencedSet<String> weights(String what) {
        SequencedSet<String> weights = new LinkedHashSet<>();
        trees.keySet().stream().filter(key -> key.what.equals(what)).forEach(key -> weights.add(key.weight));
        return weights;
    }

    /** The sum over all batches and segments, these from the last to the first, after which it is gone here. */
    double[] take(String weight, String what) {
        return trees.remove(new Key(weight, what)).descendingMap().values().stream()
                .map(SumTree::take)
                .reduce(BatchSums::plus)
                .orElseThrow();
    }
}
