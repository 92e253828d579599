package org.espalier.cut;

import java.util.List;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.SumTree;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** The sums of normal equations over batches, in one fixed tree, so that they do not depend on who sums which batches. */
final class EquationSums implements AutoCloseable {

    /** Numbers that pass through the host at once. */
    private static final int MOST_NUMBERS = 1 << 20;

    /**
     * Both sides of the equations.
     *
     * @param gram  float64 {@code [in, in]}
     * @param right float64 {@code [in, out]}
     */
    record Sides(Tensor gram, Tensor right) {

        void close() {
            gram.buffer().close();
            right.buffer().close();
        }
    }

    private final Backend backend;
    private final Queue queue;
    private final int in;
    private final int out;
    private final SumTree<Sides> tree = new SumTree<>(this::plus);

    EquationSums(Backend backend, Queue queue, int in, int out) {
        this.backend = backend;
        this.queue = queue;
        this.in = in;
        this.out = out;
    }

    /** New sides, whose numbers are still to be written. */
    Sides allocate() {
        Tensor gram = backend.allocate(DType.F64, Shape.of(in, in), "products of activations");
        try {
            return new Sides(gram, backend.allocate(DType.F64, Shape.of(in, out), "products with what is lacking"));
        } catch (RuntimeException e) {
            gram.buffer().close();
            throw e;
        }
    }

    /** Adds a batch; null for one that has nothing to add. The sides are this object's from now on. */
    void add(int batch, Sides sides) {
        tree.add(batch, sides);
    }

    private Sides plus(Sides a, Sides b) {
        addRows(a.gram, b.gram);
        addRows(a.right, b.right);
        b.close();
        return a;
    }

    /** Through the host: next to what it takes to compute a sum this is little, and devices add no float64. */
    private void addRows(Tensor a, Tensor b) {
        inRows(a, row -> {
            double[] sum = HostCopy.readDoubles(backend, queue, rows(a, row));
            double[] more = HostCopy.readDoubles(backend, queue, rows(b, row));
            for (int i = 0; i < sum.length; i++) {
                sum[i] += more[i];
            }
            HostCopy.writeDoubles(backend, queue, sum, rows(a, row));
        });
    }

    private void inRows(Tensor sides, Consumer<Integer> firstRow) {
        for (int row = 0; row < in; row += rowsAtOnce(sides)) {
            firstRow.accept(row);
        }
    }

    private static int rowsAtOnce(Tensor sides) {
        return Math.max(1, MOST_NUMBERS / sides.shape().columns());
    }

    private Tensor rows(Tensor sides, int first) {
        return sides.slice(first, Math.min(in, first + rowsAtOnce(sides)));
    }

    /** Tells what was summed so far, some rows at a time. */
    void tell(int weight, Consumer<FitSum> sink) {
        for (SumTree.Node<Sides> node : tree.nodes()) {
            if (node.sum() == null) {
                sink.accept(new FitSum(weight, node.level(), node.index(), false, 0, null));
            } else {
                tell(weight, node, false, sink);
                tell(weight, node, true, sink);
            }
        }
    }

    private void tell(int weight, SumTree.Node<Sides> node, boolean right, Consumer<FitSum> sink) {
        Tensor side = right ? node.sum().right : node.sum().gram;
        inRows(
                side,
                row -> sink.accept(new FitSum(
                        weight,
                        node.level(),
                        node.index(),
                        right,
                        row,
                        HostCopy.readDoubles(backend, queue, rows(side, row)))));
    }

    /** Adds a node that somebody else has summed: all that was told of it. */
    void add(List<FitSum> node) {
        FitSum any = node.getFirst();
        Sides sides = any.sum() == null ? null : allocate();
        if (sides != null) {
            node.forEach(part -> HostCopy.writeDoubles(
                    backend, queue, part.sum(), rows(part.right() ? sides.right : sides.gram, part.row())));
        }
        tree.add(new SumTree.Node<>(any.level(), any.index(), sides));
    }

    /** The sum over all batches, which is the caller's; null if none had anything to add. */
    Sides take() {
        return tree.take();
    }

    @Override
    public void close() {
        tree.clear(Sides::close);
    }
}
