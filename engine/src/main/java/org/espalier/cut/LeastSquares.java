package org.espalier.cut;

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
import org.espalier.model.BranchVisit;
import org.espalier.model.Model;
import org.espalier.model.StreamWalk;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Fits the last projection of every branch, or those of its experts, so that the pruned model's residual stream after it is what the dense
 * model's is, errors of earlier layers included. A token counts by the inverse root mean square of the dense stream, as the
 * normalisation that reads it sees it: without that, the few tokens with enormous activations decide everything.
 */
final class LeastSquares implements BranchRepair, AutoCloseable {

    /** Rows of the stream that are looked at together. */
    private static final int ROWS = 1024;

    private final Selection selection;
    private final StreamWalk whole;
    private final StreamWalk pruned;
    private final CutWeights weights;
    private final Compensated result;
    private final Backend backend;
    private final Queue queue;
    private final double ridge;
    /** What the pruned model's stream lacks in the batch at work, {@code [tokens of the longest, C]}. */
    private final Tensor lacking;
    /** How much each token counts, {@code [tokens]}. */
    private final Tensor importance;

    /**
     * @param whole   the dense model's walk
     * @param pruned  the pruned model's
     * @param weights of the pruned model
     * @param ridge   share of each input's own sum of squares that holds it to its old weights
     */
    LeastSquares(
            Model dense,
            Selection selection,
            StreamWalk whole,
            StreamWalk pruned,
            CutWeights weights,
            Compensated result,
            Queue queue,
            double ridge) {
        this.selection = selection;
        this.whole = whole;
        this.pruned = pruned;
        this.weights = weights;
        this.result = result;
        this.backend = dense.backend();
        this.queue = queue;
        this.ridge = ridge;
        this.lacking = backend.allocate(
                backend.computeType(),
                Shape.of(whole.longestBatch(), whole.stream().shape().dim(1)),
                "what the pruned model lacks");
        try {
            this.importance = backend.allocate(
                    backend.computeType(), Shape.of(whole.stream().shape().dim(0)), "weights of tokens");
        } catch (RuntimeException e) {
            lacking.buffer().close();
            throw e;
        }
    }

    @Override
    public void next(Branch branch) {
        if (selection.removed(branch)) {
            whole.pass(branch);
            return;
        }
        Tape tape = selection.structure().tape();
        BranchEnd end = BranchPass.end(tape, branch);
        if (end.norm() != null) {
            fitBeforeNorm(branch, end);
        } else {
            whole.pass(branch);
            weigh(whole.stream(), BranchPass.eps(tape, branch));
            if (end.routing() == null) {
                fit(branch, end);
            } else {
                fitExperts(branch, end);
            }
        }
        pruned.pass(branch);
        weights.forget();
    }

    private void fit(Branch branch, BranchEnd end) {
        Value weight = end.weights().getFirst();
        Shape shape = selection.shape(weight);
        try (NormalEquations equations = new NormalEquations(backend, queue, shape.extent(1), shape.extent(0))) {
            pruned.run(branch, visit -> equations.add(visit.inner(), lacking(branch, visit), importance(visit)));
            replace(weight, equations.solve(ridge), branch.factor());
        }
    }

    /** What the pruned model's stream lacks after a branch as it is. */
    private Tensor lacking(Branch branch, BranchVisit visit) {
        int start = visit.start();
        int end = visit.end();
        Tensor part = lacking.slice(0, end - start);
        Tensor wanted = whole.stream().slice(start, end);
        visit.sum().ifPresentOrElse(sum -> backend.add(queue, wanted, sum, -1, part), () -> {
            backend.add(queue, wanted, pruned.stream().slice(start, end), -1, part);
            backend.add(queue, part, visit.output(), -branch.factor(), part);
        });
        return part;
    }

    private Tensor importance(BranchVisit visit) {
        return importance.slice(visit.start(), visit.end());
    }

    /** Adds to a weight of the pruned model what is to be multiplied by a factor afterwards. */
    private void replace(Value weight, double[] added, double factor) {
        double[] numbers = HostCopy.readDoubles(backend, queue, weights.weight(weight.name()));
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += added[i] / factor;
        }
        result.put(weight.name(), selection.shape(weight), numbers);
        weights.replace(weight.name(), result.tensor(queue, weight.name()));
    }

    private void fitExperts(Branch branch, BranchEnd end) {
        Set<Value> left = Set.copyOf(selection.parameters());
        List<Value> experts = end.weights().stream().filter(left::contains).toList();
        Shape shape = selection.shape(experts.getFirst());
        int atOnce = ExpertFit.atOnce(shape, experts.size());
        Map<Value, double[]> added = new LinkedHashMap<>();
        for (int first = 0; first < experts.size(); first += atOnce) {
            int count = Math.min(atOnce, experts.size() - first);
            try (ExpertFit fit = new ExpertFit(backend, queue, first, count, shape)) {
                pruned.run(branch, visit -> fit.add(visit, lacking(branch, visit), importance(visit)));
                for (int e = 0; e < count; e++) {
                    if (fit.used(e)) {
                        added.put(experts.get(first + e), fit.solve(e, ridge));
                    }
                }
            }
        }
        added.forEach((weight, numbers) -> replace(weight, numbers, branch.factor()));
    }

    /**
     * Of a branch that ends in a norm the norm's input is to be the dense model's: what the stream lacks cannot be made up for by a
     * row whose length is taken from it.
     */
    private void fitBeforeNorm(Branch branch, BranchEnd end) {
        Value weight = end.weights().getFirst();
        Shape shape = selection.shape(weight);
        Tensor made = backend.allocate(backend.computeType(), whole.stream().shape(), "inputs of a norm");
        try (NormalEquations equations = new NormalEquations(backend, queue, shape.extent(1), shape.extent(0))) {
            whole.run(branch, visit -> {
                backend.convert(queue, visit.made(), made.slice(visit.start(), visit.end()));
                whole.advance(visit, branch);
            });
            weigh(made, end.norm().eps());
            pruned.run(branch, visit -> {
                Tensor part = lacking.slice(0, visit.end() - visit.start());
                backend.add(queue, made.slice(visit.start(), visit.end()), visit.made(), -1, part);
                equations.add(visit.inner(), part, importance(visit));
            });
            replace(weight, equations.solve(ridge), 1);
        } finally {
            made.buffer().close();
        }
    }

    /** Tokens count by the inverse root mean square of their rows, as a norm with this eps sees them. */
    private void weigh(Tensor rows, double eps) {
        int tokens = importance.shape().extent(0);
        for (int start = 0; start < tokens; start += ROWS) {
            int end = Math.min(tokens, start + ROWS);
            double[] stream = HostCopy.readDoubles(backend, queue, rows.slice(start, end));
            double[] inverse = new double[end - start];
            int channels = stream.length / inverse.length;
            for (int i = 0; i < stream.length; i++) {
                inverse[i / channels] += stream[i] * stream[i] / channels;
            }
            for (int t = 0; t < inverse.length; t++) {
                inverse[t] = 1 / Math.sqrt(inverse[t] + eps);
            }
            HostCopy.writeDoubles(backend, queue, inverse, importance.slice(start, end));
        }
    }

    @Override
    public void close() {
        lacking.buffer().close();
        importance.buffer().close();
    }
}
