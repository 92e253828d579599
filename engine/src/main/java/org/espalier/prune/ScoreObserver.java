package org.espalier.prune;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Scores weights during a backward walk: a weight's gradient lives from the moment it is computed until its segment is
 * done, when its rows and columns are scored and it is given back. Never more than one segment's gradients are there.
 */
final class ScoreObserver implements Observer, Gradients, AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final Saliency saliency;
    private final Set<String> wanted;
    private final Map<String, Tensor> weights;
    private final Map<String, Tensor> live = new HashMap<>();
    private final AxisScores scores = new AxisScores();

    /**
     * @param wanted  weights to score; each used in one segment only
     * @param weights by name
     */
    ScoreObserver(Backend backend, Queue queue, Saliency saliency, Set<String> wanted, Map<String, Tensor> weights) {
        this.backend = backend;
        this.queue = queue;
        this.saliency = saliency;
        this.wanted = Set.copyOf(wanted);
        this.weights = weights;
    }

    AxisScores scores() {
        return scores;
    }

    @Override
    public boolean wanted(Value parameter) {
        return wanted.contains(parameter.name());
    }

    @Override
    public Tensor tensor(Value parameter) {
        return live.computeIfAbsent(parameter.name(),
                n -> backend.allocate(backend.computeType(), parameter.shape(), "gradient of " + n));
    }

    @Override
    public void after(Segment segment, boolean backward) {
        if (!backward) {
            return;
        }
        Set<String> done = new HashSet<>();
        for (Op op : segment.ops()) {
            op.inputs().stream().map(Value::name).filter(live::containsKey).forEach(done::add);
        }
        for (String name : done) {
            Tensor gradient = live.remove(name);
            score(backend, queue, saliency, name, weights.get(name), gradient, scores);
            gradient.buffer().close();
        }
    }

    /** Scores one weight and enters it. */
    static void score(Backend backend, Queue queue, Saliency saliency, String name, Tensor weight, Tensor gradient,
            AxisScores scores) {
        Tensor rows = backend.allocate(DType.F64, Shape.of(weight.shape().dim(0)), "row scores of " + name);
        Tensor columns = backend.allocate(DType.F64, Shape.of(weight.shape().dim(1)), "column scores of " + name);
        try {
            backend.saliency(queue, saliency, weight, gradient, null, rows, columns);
            scores.put(name, new AxisScores.RowsAndColumns(HostCopy.readDoubles(backend, queue, rows),
                    HostCopy.readDoubles(backend, queue, columns)));
        } finally {
            rows.buffer().close();
            columns.buffer().close();
        }
    }

    @Override
    public void close() {
        live.values().forEach(t -> t.buffer().close());
        live.clear();
    }
}
