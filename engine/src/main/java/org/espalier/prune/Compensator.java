package org.espalier.prune;

import java.util.List;
import org.espalier.backend.Queue;
import org.espalier.model.Llama;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.prune.Selection.Block;
import org.espalier.tensor.DType;

/**
 * Computes parameters that make up for what a pruning takes away. The dense and the pruned model walk side by side, half a
 * layer at a time, each with its own residual stream. What is there at once is one half of one layer, both streams of all
 * calibration tokens, and what was computed so far.
 */
public final class Compensator {

    private final Model dense;
    private final Selection selection;
    private final List<Packed> stretches;
    private final double ridge;

    /**
     * @param sequences token ids to calibrate on
     * @param ridge     share of each input's own sum of squares that holds its weights to their old values in a fit
     */
    public Compensator(Model dense, Selection selection, List<int[]> sequences, double ridge) {
        this.dense = dense;
        this.selection = selection;
        this.ridge = ridge;
        this.stretches = StreamWalk.stretches(sequences);
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
        long hidden = dense.config().hidden();
        long streams = DType.F32.bytes(
                hidden * stretches.stream().mapToLong(Packed::tokens).sum());
        if (kind != Compensation.LSTSQ) {
            return new Bytes(kind == Compensation.BIAS ? streams : 0, 0);
        }
        // Weights are cut in the memory that they have whole.
        long weights = DType.F32.bytes(4
                * hidden
                * dense.config().layers().stream().mapToLong(this::widest).max().orElse(0));
        long largest = 0;
        long results = 0;
        for (LayerConfig layer : selection.after().layers()) {
            long widest = widest(layer);
            long activations = DType.F32.bytes((4 * widest + hidden) * StreamWalk.STRETCH_TOKENS);
            largest = Math.max(largest, NormalEquations.bytes(widest, hidden) + weights + activations);
            results += DType.F32.bytes(hidden * (attended(layer) + layer.intermediate()));
        }
        return new Bytes(2 * streams + largest, results);
    }

    private long widest(LayerConfig layer) {
        return Math.max(attended(layer), layer.intermediate());
    }

    private long attended(LayerConfig layer) {
        return (long) layer.heads() * dense.config().headDim();
    }

    /**
     * Computes the parameters.
     *
     * @param layerDone told after each layer of the dense model
     * @throws org.espalier.error.Failure if a fit has no unique solution
     */
    public Compensated run(Compensation kind, Runnable layerDone) {
        if (kind == Compensation.NONE || selection.isEmpty()) {
            return Compensated.nothing(selection.after());
        }
        ModelConfig after = kind == Compensation.BIAS ? selection.after().withEveryBias() : selection.after();
        Compensated result = new Compensated(dense.backend(), after);
        try {
            compute(kind, result, layerDone);
            return result;
        } catch (RuntimeException | Error e) {
            result.close();
            throw e;
        }
    }

    private void compute(Compensation kind, Compensated result, Runnable layerDone) {
        try (Queue queue = dense.backend().newQueue();
                StreamWalk whole = new StreamWalk(
                        dense.backend(), queue, stretches, dense.weights().tensor(Llama.EMBEDDING))) {
            if (kind == Compensation.BIAS) {
                walk(new MeanOutputs(dense, selection, whole, result, queue), layerDone);
                return;
            }
            try (CutWeights weights = new CutWeights(dense, selection, queue);
                    StreamWalk pruned =
                            new StreamWalk(dense.backend(), queue, stretches, weights.weight(Llama.EMBEDDING));
                    LeastSquares fit =
                            new LeastSquares(dense, selection, whole, pruned, weights, result, queue, ridge)) {
                weights.forget();
                walk(fit, layerDone);
            }
        }
    }

    private void walk(Remedy remedy, Runnable layerDone) {
        List<LayerConfig> layers = dense.config().layers();
        for (int layer = 0; layer < layers.size(); layer++) {
            if (layers.get(layer).heads() > 0) {
                remedy.half(layer, Block.ATTENTION);
            }
            if (layers.get(layer).intermediate() > 0) {
                remedy.half(layer, Block.MLP);
            }
            layerDone.run();
        }
    }
}
