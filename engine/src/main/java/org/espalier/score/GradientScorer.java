package org.espalier.score;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
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
 * Scores weights by their gradients, and by the squared gradients of single sequences if the saliency asks for those. Both
 * live from the moment they are begun until the last segment that uses the weight is done, when its rows and columns are
 * scored: never more than a segment's are there, and those of a tied table.
 */
final class GradientScorer implements WeightScorer {

    private final Backend backend;
    private final Saliency saliency;
    private final boolean squared;
    private final Scored scored;
    private final SequenceFactors factors;
    private final Function<String, Tensor> weights;
    private final WeightScores scores;
    private final NormScores norms;
    private final TensorPool pool;
    private final Map<String, Life> lives = new LinkedHashMap<>();
    private final Map<String, Tensor> gradients = new LinkedHashMap<>();
    private final Map<String, Tensor> squares = new LinkedHashMap<>();

    /** The first segment that uses a weight, which a walk backwards comes to last, and the last one. */
    private record Life(long bytes, int first, int last) {

        Life and(Life other) {
            return new Life(bytes, Math.min(first, other.first), Math.max(last, other.last));
        }
    }

    GradientScorer(
            Backend backend,
            Queue queue,
            Saliency saliency,
            Scored scored,
            SequenceFactors factors,
            Function<String, Tensor> weights,
            Collection<Tape> tapes) {
        this.backend = backend;
        this.saliency = saliency;
        this.squared = saliency.needsFisher();
        this.scored = scored;
        this.factors = factors;
        this.weights = weights;
        this.scores = new WeightScores(backend, queue);
        this.norms = new NormScores(backend, saliency, factors);
        this.pool = new TensorPool(backend);
        for (Tape tape : tapes) {
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
        return parameter.role() == Value.Role.PARAMETER && parameter.shape().rank() == 2 && scored.any(parameter);
    }

    /** Of the segments that a weight's gradient lives through. */
    @Override
    public long bytes() {
        int kinds = (saliency.needsGradient() ? 1 : 0) + (squared ? 1 : 0);
        Map<Integer, Long> bySegment = new HashMap<>();
        for (Life life : lives.values()) {
            IntStream.rangeClosed(life.first, life.last)
                    .forEach(s -> bySegment.merge(s, kinds * life.bytes, Long::sum));
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
        return cleared(gradients, parameter);
    }

    @Override
    public List<Value> valuesRead(Op op) {
        return scored(op)
                .filter(use -> use.kind() == Kind.SCALE)
                .map(WeightUse::output)
                .toList();
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        return scored(op)
                .filter(use -> use.kind() == Kind.SCALE || squared)
                .map(WeightUse::output)
                .toList();
    }

    private Stream<WeightUse> scored(Op op) {
        return op.weights().stream().filter(use -> use.kind() != Kind.BIAS && scored.any(use.weight()));
    }

    @Override
    public void afterBackward(Op op, Step step) {
        scored(op).forEach(use -> add(use, step));
    }

    private void add(WeightUse use, Step step) {
        if (use.kind() == Kind.SCALE) {
            norms.add(use, step);
        } else if (squared && use.kind() == Kind.PRODUCT) {
            WeightRows rows = use.rows(step);
            Target gradient = saliency.needsGradient() ? Target.accumulate(cleared(gradients, use.weight())) : null;
            Target square = Target.accumulate(cleared(squares, use.weight()));
            if (!rows.none()) {
                backend.squaredGradients(
                        step.queue(),
                        rows.sequences(),
                        factors.of(step.sequences()),
                        rows.of(step.value(use.input())),
                        rows.of(step.gradient(use.output())),
                        gradient,
                        square);
            }
        } else if (squared) {
            new EmbeddingSquares(backend, factors)
                    .add(use, step, cleared(gradients, use.weight()), cleared(squares, use.weight()));
        }
    }

    private Tensor cleared(Map<String, Tensor> kind, Value parameter) {
        return kind.computeIfAbsent(parameter.name(), name -> pool.zeros(parameter.shape(), "gradient of " + name));
    }

    @Override
    public void after(Segment segment, boolean backward) {
        if (!backward) {
            return;
        }
        List<String> names = new ArrayList<>(squared ? squares.keySet() : gradients.keySet());
        pool.release();
        for (String name : names) {
            if (lives.get(name).first >= segment.index()) {
                Tensor gradient = gradients.remove(name);
                Tensor square = squares.remove(name);
                scores.saliency(saliency, name, weights.apply(name), gradient, square);
                pool.giveBack(gradient, square);
            }
        }
    }

    @Override
    public AxisScores scores() {
        norms.enter(scores.scores());
        return scores.scores();
    }

    @Override
    public void close() {
        pool.giveBack(gradients.values().toArray(Tensor[]::new));
        pool.giveBack(squares.values().toArray(Tensor[]::new));
        pool.close();
    }
}
