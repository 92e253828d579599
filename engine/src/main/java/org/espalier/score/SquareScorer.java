package org.espalier.score;

import java.util.Collection;
import java.util.List;
import org.espalier.backend.Backend;
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
 * Scores weights by the squared gradients of single sequences alone. A score is linear in them, so that rows and columns are
 * scored batch by batch and these scores are summed; the squares of one use of one weight are there at once.
 */
final class SquareScorer implements WeightScorer {

    private final Taylor taylor;
    private final Backend backend;
    private final WeightScores scores;
    private final NormScores norms;
    private final TensorPool pool;
    private final long largest;
    private final BatchSums sums;

    SquareScorer(Taylor taylor, Collection<Tape> tapes, BatchSums sums) {
        this.taylor = taylor;
        this.backend = taylor.backend();
        this.scores = new WeightScores(backend, taylor.queue());
        this.norms = new NormScores(backend, taylor.saliency(), taylor.factors(), sums);
        this.pool = new TensorPool(backend);
        this.sums = sums;
        this.largest = tapes.stream()
                .flatMap(tape -> tape.leaves(Value.Role.PARAMETER).stream())
                .filter(v -> v.shape().rank() == 2 && taylor.scored().any(v))
                .mapToLong(v -> backend.computeType().bytes(v.shape().elements()))
                .max()
                .orElse(0);
    }

    @Override
    public boolean backwards() {
        return true;
    }

    /** The squares of the largest weight; a device computes the gradient of one sequence by itself before it is squared. */
    @Override
    public long bytes() {
        return (backend.ownMemory().isPresent() ? 2 : 1) * largest;
    }

    @Override
    public List<Value> valuesRead(Op op) {
        return taylor.norms(op).stream().map(WeightUse::output).toList();
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        return taylor.uses(op).map(WeightUse::output).toList();
    }

    @Override
    public void afterBackward(Op op, Step step) {
        taylor.uses(op).forEach(use -> add(use, step));
    }

    private void add(WeightUse use, Step step) {
        if (use.kind() == Kind.SCALE) {
            norms.add(use, step);
            return;
        }
        String name = use.weight().name();
        Tensor square = pool.zeros(use.weight().shape(), "squared gradients of " + name);
        try {
            if (use.kind() == Kind.PRODUCT) {
                square(use, step, square);
            } else {
                new EmbeddingSquares(backend, taylor.factors()).add(use, step, null, square);
            }
            step.queue().finish();
            scores.compute(
                    taylor.saliency(),
                    name,
                    taylor.weights().apply(name),
                    null,
                    square,
                    (along, axis) -> sums.add(name, AxisSums.name(axis), along));
        } finally {
            pool.giveBack(square);
        }
    }

    private void square(WeightUse use, Step step, Tensor square) {
        WeightRows rows = use.rows(step);
        if (!rows.none()) {
            backend.squaredGradients(
                    step.queue(),
                    rows.sequences(),
                    taylor.factors().of(step.sequences()),
                    rows.of(step.value(use.input())),
                    rows.of(step.gradient(use.output())),
                    null,
                    Target.accumulate(square));
        }
    }

    @Override
    public void after(Segment segment, boolean backward) {
        pool.release();
    }

    @Override
    public BatchSums sums() {
        return sums;
    }

    @Override
    public AxisScores scores() {
        norms.enter(scores.scores());
        AxisSums.enter(sums, scores.scores(), along -> along);
        return scores.scores();
    }

    @Override
    public void close() {
        pool.close();
    }
}
