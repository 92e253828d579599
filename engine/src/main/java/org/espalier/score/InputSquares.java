package org.espalier.score;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.model.LossBatches;
import org.espalier.model.Model;
import org.espalier.model.Residency;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.ObserverPair;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.SegmentWalk;
import org.espalier.tape.Spill;
import org.espalier.tape.Step;
import org.espalier.tape.WeightRows;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.Tensor;

/**
 * The mean squares of the inputs that every weight meets in some texts, forwards only, one layer at a time: what an error in a
 * column of the weight costs, llama.cpp's importance matrix. Sums are float64, in the order of the tokens.
 */
public final class InputSquares implements Observer, AutoCloseable {

    private final Queue queue;
    private final ColumnSums sums;
    /** Of the segment being walked: the input of each weight, and the first weight that meets an input. */
    private final Map<String, MetInput> inputs = new LinkedHashMap<>();

    private final Map<MetInput, String> first = new HashMap<>();
    private final Map<String, Long> tokens = new HashMap<>();
    private final Map<String, double[]> means = new LinkedHashMap<>();

    private InputSquares(Backend backend, Queue queue) {
        this.queue = queue;
        this.sums = new ColumnSums(backend);
    }

    /**
     * Mean squares of each column's inputs, {@code [in]}, by the name of the weight; without those of experts that were given
     * no token.
     *
     * @param calibration sequences of token ids, of at least two tokens
     * @throws Failure if there are none, or if memory is too short for a layer
     */
    public static Map<String, double[]> of(Model model, ModelScores.Walking walking, List<int[]> calibration) {
        LossBatches batches = LossBatches.of(model.transformer(), calibration);
        if (batches.counted() == 0) {
            throw new Failure(
                    "there is nothing to calibrate on",
                    "importance of columns",
                    "give sequences of at least two tokens");
        }
        Backend backend = model.backend();
        Observer residency = walking.release() ? new Residency(model.weights(), batches.longest()) : Observer.NONE;
        try (Queue queue = backend.newQueue();
                InputSquares squares = new InputSquares(backend, queue);
                Spill spill = new Spill(walking.scratch());
                SegmentWalk walk = new SegmentWalk(
                        backend,
                        batches.batches(),
                        model.leaves(Map.of()),
                        Gradients.NONE,
                        new ObserverPair(new ObserverPair(squares, residency), walking.observer()),
                        spill)) {
            SegmentWalk.Needs needs = walk.needs(false);
            ScoringCost cost = new ScoringCost(needs.workspace(), 0, needs.waiting(), needs.steps(), 0);
            walking.announced().accept(cost);
            spill.limit(Math.max(0, walking.memory() - cost.least()));
            walk.forward();
            return squares.means;
        }
    }

    @Override
    public void afterForward(Op op, Step step) {
        op.weights().stream()
                .filter(use -> use.kind() == WeightUse.Kind.PRODUCT)
                .forEach(use -> add(use, step));
    }

    private void add(WeightUse use, Step step) {
        String weight = use.weight().root().name();
        MetInput input = MetInput.of(use);
        inputs.put(weight, input);
        // Projections that read the same input share its moments.
        if (first.computeIfAbsent(input, i -> weight).equals(weight)) {
            WeightRows rows = use.rows(step);
            if (!rows.none()) {
                Tensor x = rows.of(step.value(use.input()));
                sums.add(step.queue(), weight, x, null, x);
                tokens.merge(weight, x.shape().dim(0), Long::sum);
            }
        }
    }

    @Override
    public void after(Segment segment, boolean backward) {
        Map<String, double[]> read = new HashMap<>();
        tokens.forEach((weight, count) -> {
            double[] mean = sums.take(queue, weight);
            for (int k = 0; k < mean.length; k++) {
                mean[k] /= count;
            }
            read.put(weight, mean);
        });
        inputs.forEach((weight, input) -> {
            double[] mean = read.get(first.get(input));
            if (mean != null) {
                means.put(weight, mean);
            }
        });
        inputs.clear();
        first.clear();
        tokens.clear();
    }

    @Override
    public void close() {
        sums.close();
    }
}
