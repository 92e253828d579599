package org.espalier.score;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.importance.AxisScores;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightRows;
import org.espalier.tape.WeightUse;
import org.espalier.tape.WeightUse.Kind;
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
    private final ColumnSums columnSums;
    private final BatchSums sums;
    /** How many operations read a value. */
    private final Map<Value, Integer> readers = new HashMap<>();
    /** The weight and axis of each sum of the batch at work. */
    private final Map<String, Place> places = new LinkedHashMap<>();

    private record Place(String weight, String axis) {}

    VectorScorer(Backend backend, Queue queue, Scored scored, Collection<Tape> tapes, BatchSums sums) {
        this.backend = backend;
        this.queue = queue;
        this.scored = scored;
        this.columnSums = new ColumnSums(backend);
        this.sums = sums;
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
        return op.weights().stream()
                .filter(this::outputRead)
                .map(WeightUse::output)
                .toList();
    }

    private boolean outputRead(WeightUse use) {
        return switch (use.kind()) {
            case PRODUCT -> scored.rows(use.weight());
            case SCALE -> scored.any(use.weight());
            case LOOKUP -> scored.columns(use.weight());
            case BIAS -> false;
        };
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        List<Value> read = new ArrayList<>(valuesRead(op));
        op.weights().stream()
                .filter(this::columnsRead)
                .map(use -> alone(use.input()) ? use.input() : use.output())
                .forEach(read::add);
        return read;
    }

    private boolean columnsRead(WeightUse use) {
        return use.kind() == Kind.PRODUCT && scored.columns(use.weight());
    }

    private boolean alone(Value value) {
        return readers.get(value.root()) == 1;
    }

    @Override
    public void afterBackward(Op op, Step step) {
        for (WeightUse use : op.weights()) {
            if (outputRead(use)) {
                Tensor shift = use.shift() == null ? null : step.value(use.shift());
                int axis = use.kind() == Kind.LOOKUP ? 1 : 0;
                WeightRows rows = use.rows(step);
                add(
                        step,
                        use.weight(),
                        axis,
                        rows.of(step.value(use.output())),
                        shift,
                        rows.of(step.gradient(use.output())));
            }
            if (columnsRead(use)) {
                columns(use, use.rows(step), step);
            }
        }
    }

    private void columns(WeightUse product, WeightRows rows, Step step) {
        Value weight = product.weight();
        Tensor input = rows.of(step.value(product.input()));
        if (rows.none()) {
            add(step, weight, 1, input, null, input);
            return;
        }
        if (alone(product.input())) {
            add(step, weight, 1, input, null, rows.of(step.gradient(product.input())));
            return;
        }
        Tensor own = backend.allocate(backend.computeType(), input.shape(), "input gradient of " + weight.name());
        try {
            backend.linearBackwardInput(
                    step.queue(), rows.of(step.gradient(product.output())), step.value(weight), Target.overwrite(own));
            add(step, weight, 1, input, null, own);
            step.queue().finish();
        } finally {
            own.buffer().close();
        }
    }

    private void add(Step step, Value weight, int axis, Tensor a, Tensor shift, Tensor b) {
        String along = AxisSums.name(axis);
        String name = along + " of " + weight.name();
        places.put(name, new Place(weight.name(), along));
        columnSums.add(step.queue(), name, a, shift, b);
    }

    @Override
    public void endBatch() {
        places.forEach((name, place) -> sums.add(place.weight, place.axis, columnSums.take(queue, name)));
        places.clear();
    }

    @Override
    public BatchSums sums() {
        return sums;
    }

    @Override
    public AxisScores scores() {
        AxisScores scores = new AxisScores();
        AxisSums.enter(sums, scores, Math::abs);
        return scores;
    }

    @Override
    public void close() {
        columnSums.close();
    }
}
