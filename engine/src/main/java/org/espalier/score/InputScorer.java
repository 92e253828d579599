package org.espalier.score;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Step;
import org.espalier.tape.WeightRows;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.Tensor;

/**
 * Scores weights of linear layers by the inputs that they meet, forwards only: by the inputs' norms
 * ({@link Criterion#WANDA}) or variances over all tokens ({@link Criterion#FLAP}). Moments are summed in float64 in the
 * order of the tokens.
 */
final class InputScorer implements WeightScorer {

    private final Queue queue;
    private final Criterion criterion;
    private final Scored scored;
    private final Function<String, Tensor> weights;
    private final ColumnSums moments;
    private final WeightScores scores;
    /** Of the segment being walked: the input of each weight, and the first weight that meets an input. */
    private final Map<String, MetInput> inputs = new LinkedHashMap<>();

    private final Map<MetInput, String> first = new HashMap<>();
    private final Map<String, Long> tokens = new HashMap<>();

    InputScorer(Backend backend, Queue queue, Criterion criterion, Scored scored, Function<String, Tensor> weights) {
        this.queue = queue;
        this.criterion = criterion;
        this.scored = scored;
        this.weights = weights;
        this.moments = new ColumnSums(backend);
        this.scores = new WeightScores(backend, queue);
    }

    @Override
    public boolean backwards() {
        return false;
    }

    /** Sums, which are small. */
    @Override
    public long bytes() {
        return 0;
    }

    @Override
    public void afterForward(Op op, Step step) {
        op.weights().stream()
                .filter(use -> use.kind() == WeightUse.Kind.PRODUCT && scored.any(use.weight()))
                .forEach(use -> add(use, step));
    }

    private void add(WeightUse use, Step step) {
        String weight = use.weight().name();
        MetInput input = MetInput.of(use);
        inputs.put(weight, input);
        // Projections that read the same input share its moments.
        if (first.computeIfAbsent(input, i -> weight).equals(weight)) {
            WeightRows rows = use.rows(step);
            if (rows.none()) {
                return;
            }
            Tensor x = rows.of(step.value(use.input()));
            moments.add(step.queue(), squares(weight), x, null, x);
            moments.add(step.queue(), sums(weight), x, null, null);
            tokens.merge(weight, x.shape().dim(0), Long::sum);
        }
    }

    @Override
    public void after(Segment segment, boolean backward) {
        Map<String, double[]> factors = new HashMap<>();
        first.values().forEach(weight -> factors.put(weight, factors(weight)));
        inputs.forEach((weight, x) ->
                scores.scaled(criterion.saliency(), weight, weights.apply(weight), factors.get(first.get(x))));
        inputs.clear();
        first.clear();
        tokens.clear();
    }

    private double[] factors(String weight) {
        if (!moments.has(squares(weight))) {
            return new double[weights.apply(weight).shape().columns()]; // Its expert was given no token.
        }
        double[] squares = moments.take(queue, squares(weight));
        double[] sums = moments.take(queue, sums(weight));
        double count = tokens.get(weight);
        double[] factors = new double[squares.length];
        Arrays.setAll(
                factors,
                k -> criterion == Criterion.WANDA
                        ? Math.sqrt(squares[k])
                        : Math.max(0, squares[k] - sums[k] * sums[k] / count) / Math.max(1, count - 1));
        return factors;
    }

    private static String squares(String weight) {
        return "squared inputs of " + weight;
    }

    private static String sums(String weight) {
        return "inputs of " + weight;
    }

    @Override
    public AxisScores scores() {
        return scores.scores();
    }

    @Override
    public void close() {
        moments.close();
    }
}
