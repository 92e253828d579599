package org.espalier.cut;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.model.Architectures;
import org.espalier.model.BranchEnd;
import org.espalier.model.BranchPass;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.StreamWalk;
import org.espalier.model.Transformer;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * Computes parameters that make up for what a pruning takes away. The dense and the pruned model walk side by side, a branch
 * at a time, each with its own residual stream. What is there at once is one branch, both streams of all
 * calibration tokens, and what was computed so far.
 */
public final class Compensator {

    private final Model dense;
    /** Everything that goes. */
    private final Selection all;
    /** What goes, but for tokens: sequences are the dense model's, and nothing depends on rows that they do not have. */
    private final Selection selection;

    private final FitBatches batches;
    private final Ridge ridge;
    private final Optional<FitWorkers> workers;

    /**
     * @param sequences token ids to calibrate on
     * @param ridge     share of each input's own sum of squares that holds its weights to their old values in a fit
     */
    public Compensator(Model dense, Selection selection, List<int[]> sequences, double ridge) {
        this(dense, selection, FitBatches.of(dense.config(), sequences), Ridge.of(ridge), Optional.empty());
    }

    /**
     * As above.
     *
     * @param workers that hold the streams of a least-squares fit, these batches among them
     */
    public Compensator(
            Model dense, Selection selection, FitBatches batches, Ridge ridge, Optional<FitWorkers> workers) {
        this.dense = dense;
        this.all = selection;
        this.selection = selection.withWholeVocabulary();
        this.ridge = ridge;
        this.workers = workers;
        this.batches = batches;
    }

    /**
     * What a run needs beside the model, to within some per cent.
     *
     * @param computing bytes where the backend computes
     * @param results   bytes of the host's memory
     */
    public record Bytes(long computing, long results) {}

    /** What a run of this kind needs. */
    public Bytes bytes(Compensation kind) {
        long streams = DType.F32.bytes(dense.config().hidden()
                * batches.packed().stream().mapToLong(Packed::tokens).sum());
        if (kind != Compensation.LSTSQ) {
            return new Bytes(kind == Compensation.BIAS ? streams : 0, 0);
        }
        long largest = 0;
        long results = 0;
        for (BranchEnd end : ends().toList()) {
            Shape left = selection.shape(end.weights().getFirst());
            int experts = end.weights().size();
            long perToken = end.routing() == null ? 1 : end.routing().perToken();
            // Weights are cut in the memory that they have whole.
            long weights = DType.F32.bytes(
                    4L * experts * end.weights().getFirst().shape().elements());
            long activations = DType.F32.bytes((4 * left.dim(1) + left.dim(0)) * StreamWalk.BATCH_TOKENS * perToken);
            long made = end.norm() == null ? 0 : streams;
            long fits = LeastSquares.atOnce(left, experts, batches)
                    * NormalEquations.bytes(left.dim(1), left.dim(0), batches);
            largest = Math.max(largest, fits + weights + activations + made);
            results += DType.F32.bytes(experts * left.elements());
        }
        return new Bytes(2 * streams + largest, results);
    }

    /** The projections that the branches that stay end in. */
    private Stream<BranchEnd> ends() {
        Tape tape = selection.structure().tape();
        return selection.structure().branches().stream()
                .filter(branch -> !selection.removed(branch))
                .map(branch -> BranchPass.end(tape, branch));
    }

    /**
     * Computes the parameters.
     *
     * @param layerDone told after each layer of the dense model
     * @throws org.espalier.error.Failure if a fit has no unique solution
     */
    public Compensated run(Compensation kind, Runnable layerDone) {
        if (kind == Compensation.NONE || selection.isEmpty()) {
            return Compensated.nothing(dense.config(), all);
        }
        boolean biased = kind == Compensation.BIAS;
        ModelConfig config = biased ? biased() : dense.config();
        Compensated result = new Compensated(dense.backend(), config, biased, all);
        try {
            compute(kind, config, result, layerDone);
            return result;
        } catch (RuntimeException | Error e) {
            result.close();
            throw e;
        }
    }

    private ModelConfig biased() {
        ModelConfig config = dense.config();
        return Architectures.of(config)
                .withBranchBiases(config)
                .orElseThrow(() -> new Failure(
                        "a model of type " + config.modelType() + " has no place for biases",
                        "--compensate bias",
                        "use --compensate lstsq or none"));
    }

    private void compute(Compensation kind, ModelConfig config, Compensated result, Runnable layerDone) {
        if (kind == Compensation.LSTSQ) {
            fit(result, layerDone);
            return;
        }
        try (Queue queue = dense.backend().newQueue();
                StreamWalk whole =
                        new StreamWalk(dense.backend(), queue, batches.packed(), this::pass, dense.leaves(Map.of()))) {
            Structure structure = Structure.of(new Transformer(config).shape());
            walk(new MeanOutputs(dense, structure, selection, whole, result, queue), layerDone);
        }
    }

    private void fit(Compensated result, Runnable layerDone) {
        try (Queue queue = dense.backend().newQueue();
                CutWeights weights = new CutWeights(dense, selection, queue)) {
            if (workers.isPresent()) {
                FitRounds rounds = new RemoteRounds(workers.get(), selection, dense.backend(), queue, batches);
                walk(fit(rounds, weights, result, queue), layerDone);
                return;
            }
            try (FitStreams streams = new FitStreams(dense, selection, batches)) {
                walk(fit(streams, weights, result, queue), layerDone);
            }
        }
    }

    private LeastSquares fit(FitRounds rounds, CutWeights weights, Compensated result, Queue queue) {
        return new LeastSquares(dense.backend(), queue, selection, rounds, weights, result, batches, ridge);
    }

    private Tape pass(int tokens) {
        return dense.transformer().loss(tokens).tape();
    }

    private void walk(BranchRepair repair, Runnable layerDone) {
        List<Branch> branches = selection.structure().branches();
        for (int layer = 0; layer < selection.structure().layers(); layer++) {
            for (Branch branch : branches) {
                if (branch.layer() == layer) {
                    repair.next(branch);
                }
            }
            layerDone.run();
        }
    }
}
