package org.espalier.score;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.Target;
import org.espalier.importance.AxisScores;
import org.espalier.model.SumTree;
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
 * Scores weights by the gradient of the loss over all batches, and by the squared gradients of single sequences if the saliency
 * asks for those. Both are summed over the batches of a segment and live until the last segment that uses the weight is done,
 * when its rows and columns are scored: never more than a segment's are there, and those of a tied table.
 */
final class GradientScorer implements WeightScorer {

    private final Taylor taylor;
    private final Backend backend;
    private final boolean squared;
    private final WeightScores scores;
    private final NormScores norms;
    private final BatchSums sums;
    private final MatrixSums gradients;
    private final MatrixSums squares;
    private final TensorPool pool;
    private final int firstBatch;
    private final int batches;
    private final Optional<Consumer<GradientSum>> told;
    private final Map<String, Life> lives = new LinkedHashMap<>();

    /** The first segment that uses a weight, which a walk backwards comes to last, and the last one. */
    private record Life(long bytes, int first, int last) {

        Life and(Life other) {
            return new Life(bytes, Math.min(first, other.first), Math.max(last, other.last));
        }

        /** Matrices that are there while a segment is walked: where the weight is used, all that wait to be added. */
        int matrices(int segment, int batches) {
            int waiting = segment < last ? 1 : 0;
            return segment == first || segment == last ? waiting + SumTree.most(batches) : waiting;
        }
    }

    /** @param told gets the sums of every segment, where weights are not scored here */
    GradientScorer(Taylor taylor, List<Tape> batches, BatchSums sums, Optional<Consumer<GradientSum>> told) {
        this.taylor = taylor;
        this.backend = taylor.backend();
        this.squared = taylor.saliency().needsFisher();
        this.scores = new WeightScores(backend, taylor.queue());
        this.norms = new NormScores(backend, taylor.saliency(), taylor.factors(), sums);
        this.sums = sums;
        this.pool = new TensorPool(backend);
        this.gradients = new MatrixSums(backend, taylor.queue(), pool);
        this.squares = new MatrixSums(backend, taylor.queue(), pool);
        this.firstBatch = sums.firstBatch();
        this.batches = batches.size();
        this.told = told;
        for (Tape tape : Set.copyOf(batches)) {
            for (Segment segment : tape.segments()) {
                segment.ops().stream()
                        .flatMap(op -> op.inputs().stream())
                        .filter(this::isMatrix)
                        .forEach(v -> lives.merge(
                                v.name(),
                                new Life(
                                        backend.computeType().bytes(v.shape().elements()),
                                        segment.index(),
                                        segment.index()),
                                Life::and));
            }
        }
    }

    @Override
    public boolean backwards() {
        return true;
    }

    private boolean isMatrix(Value parameter) {
        return parameter.role() == Value.Role.PARAMETER
                && parameter.shape().rank() == 2
                && taylor.scored().any(parameter);
    }

    /** Of the segments that a weight's gradient lives through. */
    @Override
    public long bytes() {
        int kinds = squared ? 2 : 1;
        Map<Integer, Long> bySegment = new HashMap<>();
        for (Life life : lives.values()) {
            IntStream.rangeClosed(life.first, life.last)
                    .forEach(s -> bySegment.merge(s, life.bytes * kinds * life.matrices(s, batches), Long::sum));
        }
        // A device computes the gradient of one sequence by itself before it is squared.
        long single = squared && backend.ownMemory().isPresent()
                ? lives.values().stream().mapToLong(Life::bytes).max().orElse(0)
                : 0;
        return bySegment.values().stream().mapToLong(Long::longValue).max().orElse(0) + single;
    }

    /** Where squared gradients are asked for, the gradient comes with them. */
    @Override
    public boolean wanted(Value parameter) {
        return !squared && isMatrix(parameter);
    }

    @Override
    public Tensor tensor(Value parameter) {
        return gradients.ofBatch(parameter);
    }

    @Override
    public List<Value> valuesRead(Op op) {
        return taylor.norms(op).stream().map(WeightUse::output).toList();
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        return taylor.uses(op)
                .filter(use -> use.kind() == Kind.SCALE || squared)
                .map(WeightUse::output)
                .toList();
    }

    @Override
    public void afterBackward(Op op, Step step) {
        taylor.uses(op).forEach(use -> add(use, step));
    }

    private void add(WeightUse use, Step step) {
        if (use.kind() == Kind.SCALE) {
            norms.add(use, step);
        } else if (squared && use.kind() == Kind.PRODUCT) {
            WeightRows rows = use.rows(step);
            Target gradient = Target.accumulate(gradients.ofBatch(use.weight()));
            Target square = Target.accumulate(squares.ofBatch(use.weight()));
            if (!rows.none()) {
                backend.squaredGradients(
                        step.queue(),
                        rows.sequences(),
                        taylor.factors().of(step.sequences()),
                        rows.of(step.value(use.input())),
                        rows.of(step.gradient(use.output())),
                        gradient,
                        square);
            }
        } else if (squared) {
            new EmbeddingSquares(backend, taylor.factors())
                    .add(use, step, gradients.ofBatch(use.weight()), squares.ofBatch(use.weight()));
        }
    }

    @Override
    public void afterBatch(Segment segment, boolean backward, int batch) {
        WeightScorer.super.afterBatch(segment, backward, batch);
        if (backward) {
            gradients.end(firstBatch + batch);
            squares.end(firstBatch + batch);
        }
    }

    @Override
    public void after(Segment segment, boolean backward) {
        if (!backward) {
            return;
        }
        if (told.isPresent()) {
            gradients.tellSegment(segment.index(), false, told.get());
            squares.tellSegment(segment.index(), true, told.get());
            pool.release();
            return;
        }
        gradients.endSegment();
        squares.endSegment();
        pool.release();
        for (String name : gradients.names()) {
            if (lives.get(name).first >= segment.index()) {
                Tensor gradient = gradients.take(name);
                Tensor square = squares.take(name);
                scores.saliency(taylor.saliency(), name, taylor.weights().apply(name), gradient, square);
                pool.giveBack(gradient, square);
            }
        }
    }

    @Override
    public BatchSums sums() {
        return sums;
    }

    @Override
    public AxisScores scores() {
        norms.enter(scores.scores());
        return scores.scores();
    }

    @Override
    public void close() {
        gradients.close();
        squares.close();
        pool.close();
    }
}
