package org.espalier.cut;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.model.BranchEnd;
import org.espalier.model.BranchPass;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;

/**
 * Fits the last projection of every branch, or those of its experts, so that the pruned model's residual stream after it is what the dense
 * model's is, errors of earlier layers included. A token counts by the inverse root mean square of the dense stream, as the
 * normalisation that reads it sees it: without that, the few tokens with enormous activations decide everything.
 */
final class LeastSquares implements BranchRepair {

    /** Bytes of experts' equations that are there at once, unless those of one expert are more. */
    private static final long MOST_BYTES = 1L << 30;

    private final Selection selection;
    private final FitRounds rounds;
    private final CutWeights weights;
    private final Compensated result;
    private final Backend backend;
    private final Queue queue;
    private final FitBatches batches;
    private final Ridge ridge;

    /**
     * @param rounds  that sum over all batches
     * @param weights of the pruned model
     * @param batches all of them
     * @param ridge   how firmly inputs are held to their old weights
     */
    LeastSquares(
            Backend backend,
            Queue queue,
            Selection selection,
            FitRounds rounds,
            CutWeights weights,
            Compensated result,
            FitBatches batches,
            Ridge ridge) {
        this.selection = selection;
        this.rounds = rounds;
        this.weights = weights;
        this.result = result;
        this.backend = backend;
        this.queue = queue;
        this.batches = batches;
        this.ridge = ridge;
    }

    /** How many experts are fitted at once. */
    static int atOnce(Shape shape, int experts, FitBatches batches) {
        long each = NormalEquations.bytes(shape.dim(1), shape.dim(0), batches);
        return Math.clamp(MOST_BYTES / each, 1, experts);
    }

    @Override
    public void next(Branch branch) {
        int number = selection.structure().branches().indexOf(branch);
        if (selection.removed(branch)) {
            rounds.over(FitStep.over(number, Map.of()));
            return;
        }
        BranchEnd end = BranchPass.end(selection.structure().tape(), branch);
        Set<Value> left = Set.copyOf(selection.parameters());
        List<Value> fitted = end.weights().stream().filter(left::contains).toList();
        // What a norm reads is not multiplied by the branch's factor.
        double factor = end.norm() == null ? branch.factor() : 1;
        Map<String, float[]> replaced = new LinkedHashMap<>();
        solutions(number, fitted)
                .forEach((weight, added) -> replaced.put(weight.name(), replacement(weight, added, factor)));
        weights.forget();
        rounds.over(FitStep.over(number, replaced));
    }

    /** What is to be added to each weight, but those of experts that were given no token. */
    private Map<Value, double[]> solutions(int branch, List<Value> fitted) {
        int atOnce = atOnce(selection.shape(fitted.getFirst()), fitted.size(), batches);
        Map<Value, double[]> added = new LinkedHashMap<>();
        for (int first = 0; first < fitted.size(); first += atOnce) {
            int count = Math.min(atOnce, fitted.size() - first);
            List<NormalEquations> equations = new ArrayList<>(rounds.sums(FitStep.sums(branch, first, count)));
            try {
                for (int w = 0; w < count; w++) {
                    Value weight = fitted.get(first + w);
                    equations.get(w).solve(ridge).ifPresent(solution -> {
                        added.put(weight, solution.added());
                        result.held(weight.name(), solution.ridge());
                    });
                }
            } finally {
                equations.forEach(NormalEquations::close);
            }
        }
        return added;
    }

    /** Enters a weight of the pruned model with what is to be multiplied by a factor afterwards. */
    private float[] replacement(Value weight, double[] added, double factor) {
        double[] numbers = HostCopy.readDoubles(backend, queue, weights.weight(weight.name()));
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += added[i] / factor;
            rounded[i] = (float) numbers[i];
        }
        result.put(weight.name(), selection.shape(weight), numbers);
        return rounded;
    }
}
