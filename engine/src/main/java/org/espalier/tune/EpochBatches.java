package org.espalier.tune;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Which samples each update sees: every sample once an epoch, each epoch in an order of its own, and as many samples an
 * update as can be with all updates alike, to within one.
 */
final class EpochBatches {

    private final List<Sample> samples;
    private final int epochs;
    private final int steps;
    private final long seed;
    private final List<Sample> order = new ArrayList<>();
    private long shuffled = -1;

    /** @param batch samples of an update, roughly */
    EpochBatches(List<Sample> samples, int epochs, int batch, long seed) {
        this.samples = samples;
        this.epochs = epochs;
        this.seed = seed;
        this.steps = Math.toIntExact(Math.max(1, Math.round((double) samples.size() * epochs / batch)));
    }

    int steps() {
        return steps;
    }

    /** The samples of an update, counted from 0. */
    List<Sample> batch(int step) {
        List<Sample> batch = new ArrayList<>();
        for (long i = first(step); i < first(step + 1); i++) {
            batch.add(sample(i));
        }
        return batch;
    }

    private long first(int step) {
        return (long) samples.size() * epochs * step / steps;
    }

    private Sample sample(long place) {
        long epoch = place / samples.size();
        if (epoch != shuffled) {
            order.clear();
            order.addAll(samples);
            Collections.shuffle(order, new Random(seed + epoch));
            shuffled = epoch;
        }
        return order.get((int) (place % samples.size()));
    }
}
