package org.espalier.score;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.model.LossBatches;
import org.espalier.model.Model;
import org.espalier.model.Residency;
import org.espalier.tape.Observer;
import org.espalier.tape.ObserverPair;
import org.espalier.tape.SegmentWalk;
import org.espalier.tape.Spill;

/**
 * Shows a model to whoever scores it, one layer at a time.
 *
 * @param memory    bytes that may be taken, those of mapped weights aside
 * @param scratch   folder of a file for what waits between layers and does not fit
 * @param release   whether mapped weights are let go of as soon as their layer is done
 * @param observer  looks on, for progress
 * @param announced what the work will take, before it begins
 */
record ScoreWalk(
        Model model, long memory, Path scratch, boolean release, Observer observer, Consumer<ScoringCost> announced) {

    /** What is computed forwards is kept for the way back if everything takes no more than this, in bytes. */
    private static final long PLENTY = 2L << 30;

    /**
     * Walks through all batches.
     *
     * @param counted       tokens over which the loss is the mean
     * @param firstSequence number of the first sequence
     * @throws Failure that names a sequence on which the model computes no finite loss, or if there is not enough memory
     */
    void run(WeightScorer scorer, LossBatches batches, int counted, int firstSequence) {
        Backend backend = model.backend();
        Observer residency = release ? new Residency(model.weights(), batches.longest()) : Observer.NONE;
        try (Spill spill = new Spill(scratch);
                SegmentWalk walk = new SegmentWalk(
                        backend,
                        batches.batches(),
                        model.leaves(Map.of()),
                        scorer,
                        new ObserverPair(new ObserverPair(scorer, residency), observer),
                        spill)) {
            ScoringCost cost = require(scorer, walk);
            spill.limit(memory - cost.least());
            if (scorer.backwards()) {
                walk.backward(1.0 / counted);
            } else {
                walk.forward();
            }
            FiniteLosses.require(walk, batches, firstSequence);
        }
    }

    /** What walking through these batches takes. */
    ScoringCost cost(WeightScorer scorer, LossBatches batches) {
        try (Spill spill = new Spill(scratch);
                SegmentWalk walk = new SegmentWalk(
                        model.backend(), batches.batches(), model.leaves(Map.of()), scorer, scorer, spill)) {
            SegmentWalk.Needs needs = walk.needs(scorer.backwards());
            return cost(scorer, needs, scorer.backwards() && plenty(needs, scorer));
        }
    }

    private ScoringCost cost(WeightScorer scorer, SegmentWalk.Needs needs, boolean plenty) {
        long activations = plenty ? needs.all() : needs.workspace();
        long device = model.ownMemory(activations + scorer.bytes())
                .map(own -> own.with(activations + scorer.bytes()).used())
                .orElse(0L);
        return new ScoringCost(activations, scorer.bytes(), needs.waiting(), needs.steps(), device);
    }

    /** Tells what the work takes, and refuses what does not fit. */
    private ScoringCost require(WeightScorer scorer, SegmentWalk walk) {
        SegmentWalk.Needs needs = walk.needs(scorer.backwards());
        boolean plenty = scorer.backwards() && plenty(needs, scorer);
        if (plenty) {
            walk.keepAll();
        }
        ScoringCost cost = cost(scorer, needs, plenty);
        long computing = cost.activations() + cost.gradients();
        model.ownMemory(computing)
                .ifPresent(device -> refuse(
                        cost,
                        computing,
                        device.with(computing).free(),
                        " of the GPU beside weights",
                        "close other programs on the GPU, calibrate on shorter sequences, or use --device cpu"));
        refuse(
                cost,
                cost.least(),
                memory - cost.least(),
                "",
                "free memory, allow more, or calibrate on shorter sequences");
        announced.accept(cost);
        return cost;
    }

    private static void refuse(ScoringCost cost, long needed, long remaining, String where, String advice) {
        if (remaining < 0) {
            throw new Failure(
                    "scoring needs %,d bytes of memory%s, of which %,d are gradients"
                            .formatted(needed, where, cost.gradients()),
                    "%,d may be used".formatted(needed + remaining),
                    advice);
        }
    }

    /** Whether everything can be kept: in half of the memory that may be taken, and in half of what a device has. */
    private boolean plenty(SegmentWalk.Needs needs, WeightScorer scorer) {
        long computing = needs.all() + scorer.bytes();
        boolean inMemory = new ScoringCost(needs.all(), scorer.bytes(), needs.waiting(), needs.steps(), 0).most()
                <= Math.min(memory / 2, PLENTY);
        return inMemory && model.ownMemory(0).stream().allMatch(device -> computing <= device.free() / 2);
    }
}
