package org.espalier.prune;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Group.Role;
import org.espalier.error.Failure;
import org.espalier.model.Llama;
import org.espalier.model.Llama.Recording;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.prune.BlockScores.Kind;
import org.espalier.prune.Selection.Block;
import org.espalier.tape.Executor;
import org.espalier.tape.Leaves;
import org.espalier.tape.Value;

/** Scores whole attentions, MLPs and layers of a model. */
final class BlockScorer {

    private final Model model;
    private final List<Packed> stretches;
    private final List<UnitScores> units;

    /**
     * @param calibration sequences to run the model on; empty where nothing needs them
     * @param units       scores of the units of every layer that may lose a block; empty where nothing needs them
     */
    BlockScorer(Model model, List<int[]> calibration, List<UnitScores> units) {
        this.model = model;
        this.stretches = StreamWalk.stretches(calibration);
        this.units = units;
    }

    /** Scores one kind of blocks of some layers, each of which has it. */
    BlockScores score(Kind kind, BlockCriterion criterion, List<Integer> layers) {
        double[] scores = switch (criterion) {
            case UNITS -> sums(kind, layers, model.config(), units);
            case COSINE -> turns(kind);
            case LOSS -> losses(kind, layers);
            case POSITION -> positions(model.config());
        };
        return new BlockScores(kind, model.config(), layers, scores);
    }

    /** The later a layer, the lower. */
    static double[] positions(ModelConfig config) {
        int count = config.layers().size();
        return IntStream.range(0, count).mapToDouble(layer -> count - layer).toArray();
    }

    /**
     * The sums of the scores of the units of each block.
     *
     * @throws Failure if a block has none
     */
    static double[] sums(Kind kind, List<Integer> layers, ModelConfig config, List<UnitScores> units) {
        double[] sums = new double[config.layers().size()];
        for (int layer : layers) {
            for (Block block : kind.blocks()) {
                LayerConfig sizes = config.layers().get(layer);
                if ((block == Block.ATTENTION ? sizes.heads() : sizes.intermediate()) > 0) {
                    sums[layer] += sum(layer, block, units);
                }
            }
        }
        return sums;
    }

    /** A layer without key/value heads to choose from may have query heads. */
    private static double sum(int layer, Block block, List<UnitScores> units) {
        List<Role> roles = block == Block.MLP ? List.of(Role.NEURONS) : List.of(Role.HEADS, Role.QUERY_HEADS);
        for (Role role : roles) {
            for (UnitScores scores : units) {
                if (scores.units().layer() == layer && scores.units().group().role() == role) {
                    return Arrays.stream(scores.scores()).sum();
                }
            }
        }
        throw new Failure(
                "the %s of layer %d has no scored units".formatted(block == Block.MLP ? "MLP" : "attention", layer),
                "--block-score units",
                "score its heads and neurons, or use another --block-score");
    }

    /** One minus the mean cosine between the residual stream of a token before and after. */
    private double[] turns(Kind kind) {
        List<LayerConfig> layers = model.config().layers();
        double[] turns = new double[layers.size()];
        try (Queue queue = model.backend().newQueue();
                StreamWalk walk = new StreamWalk(
                        model.backend(), queue, stretches, model.weights().tensor(Llama.EMBEDDING))) {
            for (int layer = 0; layer < turns.length; layer++) {
                double[] begin = HostCopy.readDoubles(model.backend(), queue, walk.stream());
                if (layers.get(layer).heads() > 0) {
                    walk.pass(StreamWalk.recording(model.llama(), layer, Block.ATTENTION), model.leaves(Map.of()));
                }
                double[] middle = HostCopy.readDoubles(model.backend(), queue, walk.stream());
                if (layers.get(layer).intermediate() > 0) {
                    walk.pass(StreamWalk.recording(model.llama(), layer, Block.MLP), model.leaves(Map.of()));
                }
                double[] end = HostCopy.readDoubles(model.backend(), queue, walk.stream());
                turns[layer] = turn(
                        kind == Kind.MLP ? middle : begin,
                        kind == Kind.ATTENTION ? middle : end,
                        model.config().hidden());
            }
        }
        return turns;
    }

    private static double turn(double[] before, double[] after, int channels) {
        double turned = 0;
        for (int from = 0; from < before.length; from += channels) {
            double product = 0;
            double squaresBefore = 0;
            double squaresAfter = 0;
            for (int i = from; i < from + channels; i++) {
                product += before[i] * after[i];
                squaresBefore += before[i] * before[i];
                squaresAfter += after[i] * after[i];
            }
            turned += 1 - product / Math.sqrt(Math.max(squaresBefore * squaresAfter, Double.MIN_NORMAL));
        }
        return turned * channels / before.length;
    }

    private double[] losses(Kind kind, List<Integer> layers) {
        double[] rises = new double[model.config().layers().size()];
        double whole = loss(new Selection(model.config()));
        for (int layer : layers) {
            Selection without = new Selection(model.config());
            kind.blocks().forEach(block -> without.remove(layer, block));
            rises[layer] = loss(without) - whole;
        }
        return rises;
    }

    /** The mean loss over all predicted tokens of what is left. */
    private double loss(Selection without) {
        Llama llama = new Llama(without.after());
        Leaves dense = model.leaves(Map.of());
        Leaves leaves = leaf -> leaf.role() == Value.Role.PARAMETER
                ? model.weights().tensor(without.sourceName(leaf.name()))
                : dense.tensor(leaf);
        double sum = 0;
        int counted = 0;
        for (Packed stretch : stretches) {
            Recording recording = llama.loss(stretch.tokens());
            try (Executor executor = Executor.inference(model.backend(), recording.tape(), leaves)) {
                stretch.feed(executor, recording);
                executor.forward(stretch.sequences());
                for (Value loss : recording.losses()) {
                    sum += Arrays.stream(executor.read(loss)).sum();
                }
            }
            counted += stretch.counted();
        }
        return sum / counted;
    }
}
