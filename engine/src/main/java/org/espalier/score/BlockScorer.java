package org.espalier.score;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.CutTape;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.UnitScores;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.StreamWalk;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Branch;
import org.espalier.tape.Executor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** Scores whole attentions, MLPs and layers of a model. */
final class BlockScorer {

    private final Model model;
    private final List<Packed> batches;
    private final List<UnitScores> units;

    /**
     * @param calibration sequences to run the model on; empty where nothing needs them
     * @param units       scores of the units of every layer that may lose a block; empty where nothing needs them
     */
    BlockScorer(Model model, List<int[]> calibration, List<UnitScores> units) {
        this.model = model;
        this.batches = StreamWalk.batches(model.config(), calibration);
        this.units = units;
    }

    /** Scores one kind of blocks of some layers, each of which has it. */
    BlockScores score(Kind kind, BlockCriterion criterion, List<Integer> layers) {
        double[] scores = switch (criterion) {
            case UNITS -> BlockScores.sums(kind, layers, model.structure(), units);
            case COSINE -> turns(kind);
            case LOSS -> losses(kind, layers);
            case POSITION -> BlockScores.positions(model.structure());
        };
        return new BlockScores(kind, model.structure(), layers, scores);
    }

    /** One minus the mean cosine between the residual stream of a token before and after. */
    private double[] turns(Kind kind) {
        double[] turns = new double[model.structure().layers()];
        try (Queue queue = model.backend().newQueue();
                StreamWalk walk = new StreamWalk(model.backend(), queue, batches, this::pass, model.leaves(Map.of()))) {
            for (int layer = 0; layer < turns.length; layer++) {
                double[] begin = stream(queue, walk);
                double[] middle = after(layer, Branch.Kind.ATTENTION, queue, walk);
                double[] end = after(layer, Branch.Kind.MLP, queue, walk);
                turns[layer] = turn(
                        kind == Kind.MLP ? middle : begin,
                        kind == Kind.ATTENTION ? middle : end,
                        model.config().hidden());
            }
        }
        return turns;
    }

    private Tape pass(int tokens) {
        return model.transformer().loss(tokens).tape();
    }

    private double[] after(int layer, Branch.Kind kind, Queue queue, StreamWalk walk) {
        model.structure().branch(layer, kind).ifPresent(walk::pass);
        return stream(queue, walk);
    }

    private double[] stream(Queue queue, StreamWalk walk) {
        return HostCopy.readDoubles(model.backend(), queue, walk.stream());
    }

    private static double turn(double[] before, double[] after, int channels) {
        double turned = 0;
        for (int start = 0; start < before.length; start += channels) {
            double product = 0;
            double squaresBefore = 0;
            double squaresAfter = 0;
            for (int i = start; i < start + channels; i++) {
                product += before[i] * after[i];
                squaresBefore += before[i] * before[i];
                squaresAfter += after[i] * after[i];
            }
            turned += 1 - product / Math.sqrt(Math.max(squaresBefore * squaresAfter, Double.MIN_NORMAL));
        }
        return turned * channels / before.length;
    }

    private double[] losses(Kind kind, List<Integer> layers) {
        double[] rises = new double[model.structure().layers()];
        double whole = loss(new Selection(model.structure()));
        for (int layer : layers) {
            Selection without = new Selection(model.structure());
            kind.branches(model.structure(), layer).forEach(without::remove);
            rises[layer] = loss(without) - whole;
        }
        return rises;
    }

    /** The mean loss over all predicted tokens of what is left. */
    private double loss(Selection without) {
        double sum = 0;
        int counted = 0;
        for (Packed batch : batches) {
            Recording whole = model.transformer().loss(batch.tokens());
            CutTape left = CutTape.of(without.on(Structure.of(whole.tape())));
            Recording recording = whole.on(left.tape(), left::value);
            try (Executor executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()))) {
                batch.feed(executor, recording);
                executor.forward(batch.sequences());
                for (Value loss : recording.losses()) {
                    sum += Arrays.stream(executor.read(loss)).sum();
                }
            }
            counted += batch.counted();
        }
        return sum / counted;
    }
}
