package org.espalier.score;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.WeightRows;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.Tensor;

/**
 * Scores weights of linear layers by the inputs that they meet, forwards only: by the inputs' norms
 * ({@link Criterion#WANDA}) or variances over all tokens ({@link Criterion#FLAP}). Moments are summed in float64, of a batch
 * in the order of its tokens.
 */
final class InputScorer implements WeightScorer {

    private static final String SQUARES = "squared inputs";
    private static final String SUMS = "inputs";
    private static final String TOKENS = "tokens";

    private final Queue queue;
    private final Criterion criterion;
    private final Scored scored;
    private final Function<String, Tensor> weights;
    private final ColumnSums moments;
    private final WeightScores scores;
    private final BatchSums sums;
    private final Consumer<String> done;
    /** Of the segment and the batch being walked: the input of each weight, and the first weight that meets an input. */
    private final Map<String, MetInput> inputs = new LinkedHashMap<>();

    private final Map<MetInput, String> first = new HashMap<>();
    private final Map<String, Long> tokens = new HashMap<>();

    /** @param done told of every weight that is not looked at any more */
    InputScorer(
            Backend backend,
            Queue queue,
            Criterion criterion,
            Scored scored,
            Function<String, Tensor> weights,
            Consumer<String> done,
            BatchSums sums) {
        this.queue = queue;
        this.criterion = criterion;
        this.scored = scored;
        this.weights = weights;
        this.moments = new ColumnSums(backend);
        this.scores = new WeightScores(backend, queue);
        this.done = done;
        this.sums = sums;
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
            moments.add(step.queue(), name(SQUARES, weight), x, null, x);
            moments.add(step.queue(), name(SUMS, weight), x, null, null);
            tokens.merge(weight, x.shape().dim(0), Long::sum);
        }
    }

    private static String name(String what, String weight) {
        return what + " of " + weight;
    }

    /** Every weight has sums of its own from here on, also where it shares its inputs. */
    @Override
    public void endBatch() {
        Map<String, Map<String, double[]>> read = new HashMap<>();
        for (String weight : tokens.keySet()) {
            read.put(
                    weight,
                    Map.of(
                            SQUARES, moments.take(queue, name(SQUARES, weight)),
                            SUMS, moments.take(queue, name(SUMS, weight))));
        }
        inputs.forEach((weight, input) -> {
            String same = first.get(input);
            sums.add(weight, TOKENS, new double[] {tokens.getOrDefault(same, 0L)});
            read.getOrDefault(same, Map.of()).forEach((what, numbers) -> sums.add(weight, what, numbers.clone()));
        });
        inputs.clear();
        first.clear();
        tokens.clear();
    }

    @Override
    public BatchSums sums() {
        return sums;
    }

    @Override
    public AxisScores scores() {
        Set<String> met = sums.weights(SQUARES);
        for (String weight : sums.weights(TOKENS)) {
            Tensor numbers = weights.apply(weight);
            // An expert may have been given no token.
            double[] factors = met.contains(weight)
                    ? factors(weight)
                    : new double[numbers.shape().columns()];
            scores.scaled(criterion.saliency(), weight, numbers, factors);
            done.accept(weight);
        }
        return scores.scores();
    }

    private double[] factors(String weight) {
        double[] squares = sums.take(weight, SQUARES);
        double[] inputSums = sums.take(weight, SUMS);
        double count = sums.take(weight, TOKENS)[0];
        double[] factors = new double[squares.length];
        Arrays.setAll(
                factors,
                k -> criterion == Criterion.WANDA
                        ? Math.sqrt(squares[k])
                        : Math.max(0, squares[k] - inputSums[k] * inputSums[k] / count) / Math.max(1, count - 1));
        return factors;
    }

    @Override
    public void close() {
        moments.close();
    }
}
