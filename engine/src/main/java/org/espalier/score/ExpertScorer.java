package org.espalier.score;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Value;
import org.espalier.tape.op.Combine;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Route;

/**
 * Scores experts by what they add: the mean of factor times norm of the output over their tokens ({@link Criterion#REAP}). The
 * scores are entered as those of the rows of the router's weight.
 */
final class ExpertScorer implements WeightScorer {

    private static final String ADDED = "added by experts";
    private static final String TOKENS = "tokens of experts";

    private final Backend backend;
    /** The weight that made a value, and then the factors that followed from it, by the value's number on its tape. */
    private final Map<Integer, String> routers = new HashMap<>();

    private final BatchSums sums;

    ExpertScorer(Backend backend, BatchSums sums) {
        this.backend = backend;
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
        switch (op) {
            case Linear linear -> routers.put(number(linear.y()), linear.w().name());
            case Route route -> routers.put(number(route.routing().factors()), routers.get(number(route.logits())));
            case Combine combine -> add(combine, step);
            default -> {}
        }
    }

    private static int number(Value value) {
        return value.root().id();
    }

    private void add(Combine combine, Step step) {
        int[] starts = ints(combine.routing().starts(), step);
        int[] sorted = ints(combine.routing().sorted(), step);
        double[] factors = HostCopy.readDoubles(
                backend, step.queue(), step.value(combine.routing().factors()));
        double[] outputs = HostCopy.readDoubles(backend, step.queue(), step.value(combine.y()));
        int channels = combine.y().shape().extent(1);
        int experts = starts.length - 1;
        double[] added = new double[experts];
        double[] tokens = new double[experts];
        for (int e = 0; e < experts; e++) {
            for (int row = starts[e]; row < starts[e + 1]; row++) {
                added[e] += factors[sorted[row]] * norm(outputs, row * channels, channels);
            }
            tokens[e] += starts[e + 1] - starts[e];
        }
        String router = routers.get(number(combine.routing().factors()));
        sums.add(router, ADDED, added);
        sums.add(router, TOKENS, tokens);
    }

    private int[] ints(Value value, Step step) {
        return HostCopy.readInts(backend, step.queue(), step.value(value));
    }

    private static double norm(double[] numbers, int start, int count) {
        double squares = 0;
        for (int i = start; i < start + count; i++) {
            squares += numbers[i] * numbers[i];
        }
        return Math.sqrt(squares);
    }

    @Override
    public BatchSums sums() {
        return sums;
    }

    @Override
    public AxisScores scores() {
        AxisScores scores = new AxisScores();
        for (String router : sums.weights(ADDED)) {
            double[] added = sums.take(router, ADDED);
            double[] tokens = sums.take(router, TOKENS);
            double[] means = new double[added.length];
            Arrays.setAll(means, e -> added[e] / Math.max(1, tokens[e]));
            scores.put(router, 0, means);
        }
        return scores;
    }

    @Override
    public void close() {
        // What it keeps are numbers of the host.
    }
}
