package org.espalier.tune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.stream.IntStream;
import org.agrona.collections.IntArrayList;
import org.espalier.model.Packed;

/**
 * What each update sees, in micro-batches that are computed at once: as many samples an update as can be with all updates alike, to
 * within one, or where samples are packed as many tokens, to within one sample. A packed sample is never cut, nor does it see another.
 */
final class TrainingBatches {

    private final Samples samples;
    private final SampleOrder order;
    private final TuningSettings settings;
    /** Tokens of a sequence, where batch sizes count such; else they count samples. */
    private final OptionalInt sequence;

    private final SampleOrder.Totals totals;
    private final int steps;

    TrainingBatches(TrainingData data, TuningSettings settings) {
        this.samples = data.training();
        this.settings = settings;
        this.sequence = data.packed();
        order = data.order(settings.epochs(), settings.seed());
        totals = order.totals();
        steps = Math.toIntExact(Math.max(1, packed() ? stepsByTokens() : stepsBySamples()));
    }

    private long stepsBySamples() {
        return Math.round((double) totals.samples() / settings.batch());
    }

    /** Never so many that a long sample could leave an update without any. */
    private long stepsByTokens() {
        int tokens = sequence.orElseThrow();
        return Math.min(
                Math.round((double) totals.allTokens() / settings.batch() / tokens), totals.allTokens() / tokens);
    }

    private boolean packed() {
        return sequence.isPresent();
    }

    int steps() {
        return steps;
    }

    /** Tokens of all updates together. */
    long tokens() {
        return totals.allTokens();
    }

    /** The micro-batches of each update, from the first, as numbers of samples. */
    Iterator<List<int[]>> iterator() {
        return packed() ? new ByTokens() : new BySamples();
    }

    /** The samples of a micro-batch end to end. */
    Packed pack(int[] microBatch) {
        return Sample.pack(IntStream.of(microBatch).mapToObj(samples::get).toList());
    }

    /** Tokens of an update. */
    int tokens(List<int[]> microBatches) {
        return microBatches.stream().mapToInt(this::tokens).sum();
    }

    private int tokens(int[] microBatch) {
        return IntStream.of(microBatch).map(samples::tokens).sum();
    }

    /** A micro-batch as large as any. */
    Packed largest() {
        return pack(packed() ? largestPacked() : longest());
    }

    private int[] largestPacked() {
        int[] largest = new int[0];
        for (Iterator<List<int[]>> updates = iterator(); updates.hasNext(); ) {
            for (int[] microBatch : updates.next()) {
                largest = tokens(microBatch) > tokens(largest) ? microBatch : largest;
            }
        }
        return largest;
    }

    /** The longest samples together. */
    private int[] longest() {
        Comparator<Integer> shortestFirst =
                Comparator.<Integer>comparingInt(samples::tokens).thenComparing(Comparator.reverseOrder());
        PriorityQueue<Integer> longest = new PriorityQueue<>(shortestFirst);
        for (int i = 0; i < samples.size(); i++) {
            longest.add(i);
            if (longest.size() > settings.microBatch()) {
                longest.remove();
            }
        }
        return longest.stream().mapToInt(i -> i).toArray();
    }

    private final class BySamples implements Iterator<List<int[]>> {

        private final SampleOrder.Walk walk = order.walk();
        private long seen;
        private int step;

        @Override
        public boolean hasNext() {
            return walk.hasNext();
        }

        @Override
        public List<int[]> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            long end = totals.samples() * ++step / steps;
            List<int[]> microBatches = new ArrayList<>();
            while (seen < end) {
                int[] microBatch = new int[(int) Math.min(settings.microBatch(), end - seen)];
                for (int i = 0; i < microBatch.length; i++) {
                    microBatch[i] = walk.nextInt();
                }
                microBatches.add(microBatch);
                seen += microBatch.length;
            }
            return microBatches;
        }
    }

    private final class ByTokens implements Iterator<List<int[]>> {

        private final SampleOrder.Walk walk = order.walk();
        private long seen;
        private int step;

        @Override
        public boolean hasNext() {
            return walk.hasNext();
        }

        @Override
        public List<int[]> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            IntArrayList update = new IntArrayList();
            long before = seen;
            step++;
            while (hasNext() && part(seen, walk.nextTokens(), totals.allTokens(), steps) < step) {
                seen += walk.nextTokens();
                update.addInt(walk.nextInt());
            }
            return microBatches(update.toIntArray(), seen - before);
        }

        private List<int[]> microBatches(int[] update, long tokens) {
            int parts = Math.toIntExact(Math.ceilDiv(tokens, (long) settings.microBatch() * sequence.orElseThrow()));
            List<IntArrayList> microBatches =
                    IntStream.range(0, parts).mapToObj(_ -> new IntArrayList()).toList();
            long before = 0;
            for (int sample : update) {
                microBatches
                        .get(part(before, samples.tokens(sample), tokens, parts))
                        .addInt(sample);
                before += samples.tokens(sample);
            }
            return microBatches.stream()
                    .filter(m -> !m.isEmpty())
                    .map(IntArrayList::toIntArray)
                    .toList();
        }

        /** Which of some equal parts of all tokens holds the middle of a sample. */
        private static int part(long before, int tokens, long all, int parts) {
            return (int) Math.floorDiv((2 * before + tokens) * parts, 2 * all);
        }
    }
}
