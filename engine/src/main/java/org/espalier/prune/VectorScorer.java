package org.espalier.prune;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tensor.Tensor;

/**
 * {@code |Σ w·g|} over rows and columns of weights, without the gradient of any weight. With {@code y = x wᵀ} and
 * {@code g = dyᵀ x} the sum over row {@code i} is {@code Σ_k w[i,k] Σ_t dy[t,i] x[t,k] = Σ_t dy[t,i] y[t,i]}, and the sum
 * over column {@code k} is {@code Σ_t x[t,k] (dy w)[t,k]}: the input times what this product alone gives back to it. So it
 * is for a norm's weight and its output, and for an embedding's columns and its output.
 */
final class VectorScorer implements WeightScorer {

    private final Backend backend;
    private final Queue queue;
    private final Scored scored;
    private final Ledger sums;
    /** How many operations read a value. */
    private final Map<Value, Integer> readers = new HashMap<>();
    /** The weight and axis of each sum. */
    private final Map<String, Place> places = new LinkedHashMap<>();

    private record Place(String weight, int axis) {}

    VectorScorer(Backend backend, Queue queue, Scored scored, Collection<Tape> tapes) {
        this.backend = backend;
        this.queue = queue;
        this.scored = scored;
        this.sums = new Ledger(backend);
        for (Tape tape : tapes) {
            for (Segment segment : tape.segments()) {
                segment.ops().forEach(op -> op.inputs().forEach(v -> readers.merge(v.root(), 1, Integer::sum)));
            }
        }
    }

    @Override
    public boolean backwards() {
        return true;
    }

    /** Sums, which are small. */
    @Override
    public long bytes() {
        return 0;
    }

    @Override
    public List<Value> valuesRead(Op op) {
        return switch (op) {
            case Linear linear when scored.rows(linear.w()) -> List.of(linear.y());
            case RmsNorm norm when scored.any(norm.w()) -> List.of(norm.y());
            case Embedding embedding when scored.columns(embedding.table()) -> List.of(embedding.out());
            default -> List.of();
        };
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        List<Value> read = new ArrayList<>(valuesRead(op));
        if (op instanceof Linear linear && scored.columns(linear.w())) {
            read.add(alone(linear.x()) ? linear.x() : linear.y());
        }
        return read;
    }

    private boolean alone(Value value) {
        return readers.get(value.root()) == 1;
    }

    @Override
    public void afterBackward(Op op, Step step) {
        switch (op) {
            case Linear linear -> {
                if (scored.rows(linear.w())) {
                    Tensor bias = linear.bias() == null ? null : step.value(linear.bias());
                    add(step, linear.w(), 0, step.value(linear.y()), bias, step.gradient(linear.y()));
                }
                if (scored.columns(linear.w())) {
                    columns(linear, step);
                }
            }
            case RmsNorm norm
            when scored.any(norm.w()) -> add(step, norm.w(), 0, step.value(norm.y()), null, step.gradient(norm.y()));
            case Embedding embedding
            when scored.columns(embedding.table()) ->
                add(step, embedding.table(), 1, step.value(embedding.out()), null, step.gradient(embedding.out()));
            default -> {}
        }
    }

    private void columns(Linear linear, Step step) {
        if (alone(linear.x())) {
            add(step, linear.w(), 1, step.value(linear.x()), null, step.gradient(linear.x()));
            return;
        }
        Tensor own = backend.allocate(
                backend.computeType(),
                linear.x().shape(),
                "input gradient of " + linear.w().name());
        try {
            backend.linearBackwardInput(
                    step.queue(), step.gradient(linear.y()), step.value(linear.w()), Target.overwrite(own));
            add(step, linear.w(), 1, step.value(linear.x()), null, own);
            step.queue().finish();
        } finally {
            own.buffer().close();
        }
    }

    private void add(Step step, Value weight, int axis, Tensor a, Tensor shift, Tensor b) {
        String name = (axis == 0 ? "rows of " : "columns of ") + weight.name();
        places.put(name, new Place(weight.name(), axis));
        sums.add(step.queue(), name, a, shift, b);
    }

    @Override
    public AxisScores scores() {
        AxisScores scores = new AxisScores();
        places.forEach((name, place) -> {
            double[] along = sums.take(queue, name);
            for (int i = 0; i < along.length; i++) {
                along[i] = Math.abs(along[i]);
            }
            scores.put(place.weight, place.axis, along);
        });
        return scores;
    }

    @Override
    public void close() {
        sums.close();
    }
}
