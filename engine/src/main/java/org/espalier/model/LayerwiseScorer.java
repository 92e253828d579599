package org.espalier.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    /**
     * As {@link Scorer#losses}, the same numbers.
     *
     * @throws org.espalier.error.Failure as there, or if neither memory nor the disk has room for what waits
     */
    public double[][] losses(List<int[]> sequences) {
        sequences.forEach(ids -> Scorer.check(model.config(), ids));
        LossBatches batches = LossBatches.of(model.transformer(), sequences);
        if (batches.batches().isEmpty()) {
            return new double[sequences.size()][0];
        }
        Residency residency = new Residency(model.weights(), batches.longest());
        try (Spill spill = new Spill(scratch);
                SegmentWalk walk = new SegmentWalk(
                        model.backend(),
                        batches.batches(),
                        model.leaves(Map.of()),
                        Gradients.NONE,
                        new ObserverPair(residency, observer),
                        spill)) {
            long workspace = model.backend().ownMemory().isPresent()
                    ? 0
                    : walk.needs(false).workspace();
            spill.limit(Math.max(0, memory - workspace));
            walk.forward();
            return Scorer.divide(all(walk, batches), sequences);
        }
    }

    /** Of every token of all batches, one after the other; a sequence's last has no target, and 0. */
    private static double[] all(SegmentWalk walk, LossBatches batches) {
        double[] all = new double
                [batches.batches().stream()
                        .mapToInt(batch -> batch.sequences().queries())
                        .sum()];
        int at = 0;
        for (int b = 0; b < batches.batches().size(); b++) {
            for (Value part : batches.recordings().get(b).losses()) {
                double[] some = walk.result(b, part);
                System.arraycopy(some, 0, all, at, some.length);
                at += some.length;
            }
        }
        return all;
    }
}
