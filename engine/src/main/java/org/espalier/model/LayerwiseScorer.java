package org.espalier.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.ObserverPair;
import org.espalier.tape.SegmentWalk;
import org.espalier.tape.Spill;
import org.espalier.tape.Value;

/**
 * Computes what {@link Scorer} computes, for models whose weights are too many to stay in memory: all sequences go through a
 * layer before any goes on, so that its weights are read once for all of them. What waits between layers and does not fit
 * goes to a scratch file.
 */
public final class LayerwiseScorer {

    /** Tokens that are worth reading all weights for: their hidden states wait meanwhile, a gigabyte for a 7B model. */
    public static final int TOKENS = 1 << 16;

    private final Model model;
    private final long memory;
    private final Path scratch;
    private final Observer observer;

    /**
     * @param memory   bytes that may be taken, those of mapped weights aside
     * @param scratch  folder of the scratch file
     * @param observer looks on, for progress
     */
    public LayerwiseScorer(Model model, long memory, Path scratch, Observer observer) {
        this.model = model;
        this.memory = memory;
        this.scratch = scratch;
        this.observer = observer;
    }

    /** Layers, and what comes before and after them, that one call of {@link #losses} goes through. */
    public static int steps(Model model) {
        return model.transformer().shape().segments().size();
    }

    /** The same of one call of {@link #states}. */
    public static int stateSteps(Model model) {
        return model.transformer().stream(1).tape().segments().size();
    }

    /**
     * As {@link Scorer#losses}, the same numbers.
     *
     * @throws org.espalier.error.Failure as there, or if neither memory nor the disk has room for what waits
     */
    public double[][] losses(List<int[]> sequences) {
        LossBatches batches = batches(model.transformer()::loss, sequences);
        return Scorer.divide(walked(batches, Recording::losses, observer), sequences);
    }

    /**
     * As {@link FinalStates#of}, the same numbers.
     *
     * @throws org.espalier.error.Failure as above
     */
    public double[][] states(List<int[]> sequences) {
        LossBatches batches = batches(model.transformer()::stream, sequences);
        double[] all = walked(batches, recording -> List.of(recording.finished()), observer);
        return FinalStates.divide(all, sequences, model.config());
    }

    private LossBatches batches(IntFunction<Recording> recorder, List<int[]> sequences) {
        sequences.forEach(ids -> Scorer.check(model.config(), ids));
        return LossBatches.of(model.transformer(), recorder, sequences);
    }

    /**
     * The likelihoods of the ends of texts, as {@link ContinuationScorer} has them; what texts share is computed for each.
     *
     * @throws org.espalier.error.Failure as {@link #losses}
     */
    public List<Likelihood> likelihoods(List<Continuation> texts) {
        texts.forEach(text -> Scorer.check(model.config(), text.ids(), text.read()));
        LossBatches batches = LossBatches.ofEnds(model.transformer(), texts);
        LikeliestTokens likeliest = new LikeliestTokens();
        double[] losses = walked(batches, Recording::losses, new ObserverPair(observer, likeliest));
        int[] best = likeliest.of(batches.recordings());
        List<Likelihood> likelihoods = new ArrayList<>();
        int start = 0;
        for (Continuation text : texts) {
            likelihoods.add(likelihood(text, losses, best, start));
            start += text.read();
        }
        return likelihoods;
    }

    /** From the losses of a text's tokens and the likeliest token after each, which begin at {@code start}. */
    private static Likelihood likelihood(Continuation text, double[] losses, int[] best, int start) {
        double sum = 0;
        boolean greedy = true;
        for (int i = text.first() - 1; i < text.read(); i++) {
            sum -= losses[start + i];
            greedy &= best[start + i] == text.ids()[i + 1];
        }
        return new Likelihood(sum, greedy);
    }

    /** The results of all batches, one after the other. */
    private double[] walked(LossBatches batches, Function<Recording, List<Value>> results, Observer watching) {
        if (batches.batches().isEmpty()) {
            return new double[0];
        }
        Residency residency = new Residency(model.weights(), batches.longest());
        try (Spill spill = new Spill(scratch);
                SegmentWalk walk = new SegmentWalk(
                        model.backend(),
                        batches.batches(),
                        model.leaves(Map.of()),
                        Gradients.NONE,
                        new ObserverPair(residency, watching),
                        spill)) {
            long workspace = model.backend().ownMemory().isPresent()
                    ? 0
                    : walk.needs(false).workspace();
            spill.limit(Math.max(0, memory - workspace));
            walk.forward();
            return PackedRuns.joined(IntStream.range(0, batches.batches().size())
                    .boxed()
                    .flatMap(b ->
                            results.apply(batches.recordings().get(b)).stream().map(result -> walk.result(b, result)))
                    .toList());
        }
    }
}
