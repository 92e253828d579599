package org.espalier.cut;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.espalier.model.SumTree;

/** The sums of normal equations over batches, in one fixed tree, so that they do not depend on who sums which batches. */
final class EquationSums implements AutoCloseable {

    private final Supplier<EquationSides> allocate;
    private final SumTree<EquationSides> tree = new SumTree<>(EquationSums::plus);

    /** @param allocate makes new sides, whose numbers are still to be written */
    EquationSums(Supplier<EquationSides> allocate) {
        this.allocate = allocate;
    }

    /** Adds a batch; null for one that has nothing to add. The sides are this object's from now on. */
    void add(int batch, EquationSides sides) {
        tree.add(batch, sides);
    }

    private static EquationSides plus(EquationSides a, EquationSides b) {
        a.plus(b);
        b.close();
        return a;
    }

    /** Tells what was summed so far, some rows at a time. */
    void tell(int weight, Consumer<FitSum> sink) {
        for (SumTree.Node<EquationSides> node : tree.nodes()) {
            if (node.sum() == null) {
                sink.accept(new FitSum(weight, node.level(), node.index(), false, 0, null));
            } else {
                tell(weight, node, false, sink);
                tell(weight, node, true, sink);
            }
        }
    }

    private void tell(int weight, SumTree.Node<EquationSides> node, boolean right, Consumer<FitSum> sink) {
        node.sum()
                .inRows(
                        right,
                        row -> sink.accept(new FitSum(
                                weight,
                                node.level(),
                                node.index(),
                                right,
                                row,
                                node.sum().readRows(right, row))));
    }

    /** Adds a node that somebody else has summed: all that was told of it. */
    void add(List<FitSum> node) {
        FitSum any = node.getFirst();
        EquationSides sides = any.sum() == null ? null : allocate.get();
        if (sides != null) {
            node.forEach(part -> sides.writeRows(part.right(), part.row(), part.sum()));
        }
        tree.add(new SumTree.Node<>(any.level(), any.index(), sides));
    }

    /** The sum over all batches, which is the caller's; null if none had anything to add. */
    EquationSides take() {
        return tree.take();
    }

    @Override
    public void close() {
        tree.clear(EquationSides::close);
    }
}
