package org.espalier.cut;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.CutTape;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.model.BranchEnd;
import org.espalier.model.BranchPass;
import org.espalier.model.BranchVisit;
import org.espalier.model.Model;
import org.espalier.model.StreamWalk;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * The residual streams of a dense and a pruned model over some batches, side by side. At every branch they give the sums of
 * the normal equations by which its last projection is fitted: what the projection reads in the pruned model, and what the
 * pruned stream lacks of the dense model's, which also holds what branches before could not make up for.
 *
 * <p>Tokens count by the inverse root mean square of the dense stream after the branch: the next norm divides by it.
 */
public final class FitStreams implements FitRounds, AutoCloseable {

    /** Rows of the stream that are looked at together. */
    private static final int ROWS = 1024;

    private final Selection selection;
    private final Backend backend;
    private final FitBatches batches;
    private final Deque<Runnable> owned = new ArrayDeque<>();
    private final Queue queue;
    private final StreamWalk whole;
    private final CutWeights weights;
    private final StreamWalk pruned;
    /** What the pruned model's stream lacks in the batch at work, {@code [tokens of the longest, C]}. */
    private final Tensor lacking;
    /** How much each token counts, {@code [tokens]}. */
    private final Tensor importance;
    /** Of a branch that ends in a norm: what that reads in the dense model, {@code [tokens, C]}; else null. */
    private Tensor normInputs;

    /** Computes both streams before the first branch. */
    public FitStreams(Model dense, Selection selection, FitBatches batches) {
        this.selection = selection;
        this.backend = dense.backend();
        this.batches = batches;
        try {
            this.queue = backend.newQueue();
            owned.push(queue::close);
            this.whole = new StreamWalk(
                    backend, queue, batches.packed(), tokens -> pass(dense, tokens), dense.leaves(Map.of()));
            owned.push(whole::close);
            this.weights = new CutWeights(dense, selection, queue);
            owned.push(weights::close);
            this.pruned = new StreamWalk(
                    backend,
                    queue,
                    batches.packed(),
                    tokens -> CutTape.of(selection.on(Structure.of(pass(dense, tokens))))
                            .tape(),
                    weights);
            owned.push(pruned::close);
            this.lacking = ownLacking();
            this.importance = ownImportance();
            weights.forget();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private Tensor own(Shape shape, String purpose) {
        Tensor tensor = backend.allocate(backend.computeType(), shape, purpose);
        owned.push(tensor.buffer()::close);
        return tensor;
    }

    /**
     * Goes on with streams that are the caller's, as are their weights.
     *
     * @param batches that they are of
     * @param weights of the pruned model
     */
    FitStreams(
            Backend backend,
            Queue queue,
            Selection selection,
            FitBatches batches,
            StreamWalk whole,
            StreamWalk pruned,
            CutWeights weights) {
        this.selection = selection;
        this.backend = backend;
        this.batches = batches;
        this.queue = queue;
        this.whole = whole;
        this.pruned = pruned;
        this.weights = weights;
        try {
            this.lacking = ownLacking();
            this.importance = ownImportance();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private Tensor ownLacking() {
        return own(Shape.of(whole.longestBatch(), whole.stream().shape().dim(1)), "what the pruned model lacks");
    }

    private Tensor ownImportance() {
        return own(Shape.of(whole.stream().shape().dim(0)), "weights of tokens");
    }

    private static Tape pass(Model dense, int tokens) {
        return dense.transformer().loss(tokens).tape();
    }

    /**
     * Does some steps and tells the sums that they ask for.
     *
     * @param sink gets them, some rows at a time
     */
    public void answer(List<FitStep> steps, Consumer<FitSum> sink) {
        for (FitStep step : steps) {
            if (step.count() == 0) {
                over(step);
                continue;
            }
            List<NormalEquations> sums = sums(step);
            try {
                for (int weight = 0; weight < sums.size(); weight++) {
                    sums.get(weight).tell(weight, sink);
                }
            } finally {
                sums.forEach(NormalEquations::close);
            }
        }
    }

    @Override
    public List<NormalEquations> sums(FitStep step) {
        Branch branch = branch(step);
        BranchEnd end = end(branch);
        if (step.first() == 0) {
            passWhole(branch, end);
        }
        Shape shape = selection.shape(end.weights().getFirst());
        List<NormalEquations> sums = new ArrayList<>();
        try {
            for (int weight = 0; weight < step.count(); weight++) {
                sums.add(new NormalEquations(backend, queue, shape.extent(1), shape.extent(0), batches));
            }
            ExpertSums experts =
                    end.routing() == null ? null : new ExpertSums(backend, queue, batches.first(), step.first(), sums);
            pruned.run(branch, visit -> {
                Tensor lacks = lacking(branch, visit);
                Tensor counts = importance.slice(visit.start(), visit.end());
                if (experts == null) {
                    sums.getFirst().add(batches.first() + visit.batch(), visit.inner(), lacks, counts);
                } else {
                    experts.add(visit, lacks, counts);
                }
            });
            return sums;
        } catch (RuntimeException | Error e) {
            sums.forEach(NormalEquations::close);
            throw e;
        }
    }

    private Branch branch(FitStep step) {
        return selection.structure().branches().get(step.branch());
    }

    private BranchEnd end(Branch branch) {
        return BranchPass.end(selection.structure().tape(), branch);
    }

    /**
     * Takes the dense stream past a branch. Of a branch that ends in a norm the norm's input is to be the dense model's: what
     * the stream lacks cannot be made up for by a row whose length is taken from it.
     */
    private void passWhole(Branch branch, BranchEnd end) {
        if (end.norm() == null) {
            whole.pass(branch);
            weigh(whole.stream(), BranchPass.eps(selection.structure().tape(), branch));
            return;
        }
        normInputs = backend.allocate(backend.computeType(), whole.stream().shape(), "inputs of a norm");
        whole.run(branch, visit -> {
            backend.convert(queue, visit.made(), normInputs.slice(visit.start(), visit.end()));
            whole.advance(visit, branch);
        });
        weigh(normInputs, end.norm().eps());
    }

    /** What the pruned model lacks after a branch as it is. */
    private Tensor lacking(Branch branch, BranchVisit visit) {
        int start = visit.start();
        int end = visit.end();
        Tensor part = lacking.slice(0, end - start);
        if (normInputs != null) {
            backend.add(queue, normInputs.slice(start, end), visit.made(), -1, part);
        } else {
            Tensor wanted = whole.stream().slice(start, end);
            visit.sum().ifPresentOrElse(sum -> backend.add(queue, wanted, sum, -1, part), () -> {
                backend.add(queue, wanted, pruned.stream().slice(start, end), -1, part);
                backend.add(queue, part, visit.output(), -branch.factor(), part);
            });
        }
        return part;
    }

    @Override
    public void over(FitStep step) {
        Branch branch = branch(step);
        if (selection.removed(branch)) {
            whole.pass(branch);
            return;
        }
        step.replaced().forEach((name, numbers) -> weights.replace(name, tensor(name, numbers)));
        pruned.pass(branch);
        weights.forget();
        releaseNormInputs();
    }

    private Tensor tensor(String name, float[] numbers) {
        Value weight = selection.structure().tape().leaf(name);
        Tensor tensor = backend.allocate(DType.F32, selection.shape(weight), "fitted " + name);
        double[] exact = new double[numbers.length];
        for (int i = 0; i < exact.length; i++) {
            exact[i] = numbers[i];
        }
        HostCopy.writeDoubles(backend, queue, exact, tensor);
        return tensor;
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

    private void releaseNormInputs() {
        if (normInputs != null) {
            normInputs.buffer().close();
            normInputs = null;
        }
    }

    @Override
    public void close() {
        releaseNormInputs();
        closeOwned();
    }

    /** Every one, also after one that cannot be closed. */
    private void closeOwned() {
        if (!owned.isEmpty()) {
            try {
                owned.pop().run();
            } finally {
                closeOwned();
            }
        }
    }
}
