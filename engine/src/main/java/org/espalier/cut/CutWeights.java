package org.espalier.cut;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.model.Model;
import org.espalier.tape.Leaves;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * The pruned model's weights in float32, by their names in the dense model, cut from the dense model's where those are computed with, for as long as a
 * branch needs them. Each is widened whole and then compacted in place, so that there is never a second one beside it.
 */
final class CutWeights implements Leaves, AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final Model dense;
    private final Selection selection;
    private final Map<String, Tensor> cut = new HashMap<>();

    CutWeights(Model dense, Selection selection, Queue queue) {
        this.backend = dense.backend();
        this.queue = queue;
        this.dense = dense;
        this.selection = selection;
    }

    @Override
    public Tensor tensor(Value leaf) {
        return leaf.role() == Value.Role.PARAMETER || shrinks(leaf)
                ? weight(leaf.name())
                : dense.leaves(Map.of()).tensor(leaf);
    }

    /** Whether a constant has numbers for units that go. */
    private boolean shrinks(Value leaf) {
        if (leaf.role() != Value.Role.CONSTANT) {
            return false;
        }
        Value whole = selection.structure().tape().leaf(leaf.name());
        return !selection.shape(whole).equals(whole.shape());
    }

    /** A weight of the pruned model: what replaced it, or what is left of the dense model's. */
    Tensor weight(String name) {
        return cut.computeIfAbsent(name, this::cut);
    }

    /** Until it is forgotten {@code tensor}, which is this object's from now on, is the weight of this name. */
    void replace(String name, Tensor tensor) {
        Tensor before = cut.put(name, tensor);
        if (before != null) {
            before.buffer().close();
        }
    }

    /** Gives back what there is. */
    void forget() {
        cut.values().forEach(t -> t.buffer().close());
        cut.clear();
    }

    private Tensor cut(String name) {
        Value parameter = selection.structure().tape().leaf(name);
        Tensor wide = backend.allocate(DType.F32, parameter.shape(), "what is left of " + parameter.name());
        try {
            backend.convert(queue, dense.leaves(Map.of()).tensor(parameter), wide);
            return compacted(parameter, wide);
        } catch (RuntimeException | Error e) {
            wide.buffer().close();
            throw e;
        }
    }

    /** The rows and columns that stay, in the same memory. */
    private Tensor compacted(Value parameter, Tensor wide) {
        int[] first = selection.kept(parameter, 0);
        if (parameter.shape().rank() == 1) {
            Tensor row = gather(wide.reshape(Shape.of(1, parameter.shape().dim(0))), new int[] {0}, first);
            return row.reshape(Shape.of(first.length));
        }
        return gather(wide, first, selection.kept(parameter, 1));
    }

    private Tensor gather(Tensor source, int[] rows, int[] columns) {
        Tensor target = new Tensor(source.buffer(), 0, source.type(), Shape.of(rows.length, columns.length));
        if (target.shape().equals(source.shape())) {
            return source;
        }
        int[] both = IntStream.concat(IntStream.of(rows), IntStream.of(columns)).toArray();
        Tensor lists = backend.allocate(DType.I32, Shape.of(both.length), "rows and columns that stay");
        try {
            HostCopy.writeInts(backend, queue, both, lists);
            backend.gather(queue, source, lists.slice(0, rows.length), lists.slice(rows.length, both.length), target);
            return target;
        } finally {
            lists.buffer().close();
        }
    }

    @Override
    public void close() {
        forget();
    }
}
