package org.espalier.tune;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.Random;

/**
 * Which sample is seen when. Each source is seen in passes, each pass in a random order of its own, and the next sample comes
 * from the source whose tokens so far are the fewest for its share. No source is passed over more often than asked for, so the one that
 * runs out first decides how much is seen of the others, unless a limit of tokens does.
 */
final class SampleOrder {

    /**
     * Where samples come from.
     *
     * @param samples those drawn from it, at least one
     * @param share   of all tokens that are seen
     */
    record Source(Samples samples, double share) {}

    private final List<Source> sources;
    private final int passes;
    private final long seed;
    /** Of each source the tokens that are seen at most. */
    private final long[] limits;

    /**
     * @param passes over a source at most
     * @param most   tokens that are seen at most
     * @param parts  equal ones, of which only one is seen
     */
    SampleOrder(List<Source> sources, int passes, OptionalLong most, int parts, long seed) {
        this.sources = List.copyOf(sources);
        this.passes = passes;
        this.seed = seed;
        long[] drawn = sources.stream().mapToLong(s -> s.samples().tokens()).toArray();
        double all = most.isPresent() ? (double) most.getAsLong() : Double.POSITIVE_INFINITY;
        for (int s = 0; s < drawn.length; s++) {
            all = Math.min(all, passes * drawn[s] / sources.get(s).share());
        }
        limits = new long[drawn.length];
        for (int s = 0; s < drawn.length; s++) {
            // What was drawn is seen: it fits into the limit of all, give or take one sample of a source.
            limits[s] = Math.max(part(all, sources.get(s).share()), drawn[s]) / parts;
        }
    }

    /** Whole tokens that a share of them comes to. */
    static long part(double tokens, double share) {
        // What a division took from a whole number does not count as less.
        return (long) (tokens * share + 1e-3);
    }

    /**
     * What is seen in all.
     *
     * @param samples each as often as it is seen
     * @param tokens  of those, by source
     */
    record Totals(long samples, long[] tokens) {
        long allTokens() {
            long all = 0;
            for (long one : tokens) {
                all += one;
            }
            return all;
        }
    }

    /** Counts what is seen from the first sample to the last. */
    Totals totals() {
        Walk walk = walk();
        long samples = 0;
        while (walk.hasNext()) {
            walk.nextInt();
            samples++;
        }
        return new Totals(samples, walk.given);
    }

    /** From the first sample that is seen, each by its number in {@link Samples#joined}. */
    Walk walk() {
        return new Walk();
    }

    /** On its way through all that is seen. */
    final class Walk implements PrimitiveIterator.OfInt {

        private final int[][] orders = new int[sources.size()][];
        private final int[] starts = new int[sources.size()];
        private final int[] pass = new int[sources.size()];
        private final int[] at = new int[sources.size()];
        private final long[] given = new long[sources.size()];
        private int source;

        private Walk() {
            for (int s = 0; s < orders.length; s++) {
                orders[s] = new int[sources.get(s).samples().size()];
                starts[s] = s == 0 ? 0 : starts[s - 1] + orders[s - 1].length;
                shuffle(s);
            }
            choose();
        }

        @Override
        public boolean hasNext() {
            return source >= 0;
        }

        /** Tokens of the sample that comes next. */
        int nextTokens() {
            return tokens(source);
        }

        @Override
        public int nextInt() {
            if (source < 0) {
                throw new NoSuchElementException();
            }
            int sample = starts[source] + orders[source][at[source]];
            given[source] += tokens(source);
            if (++at[source] == orders[source].length) {
                at[source] = 0;
                if (++pass[source] < passes) {
                    shuffle(source);
                }
            }
            choose();
            return sample;
        }

        private int tokens(int s) {
            return sources.get(s).samples().tokens(orders[s][at[s]]);
        }

        private void choose() {
            source = -1;
            double least = Double.POSITIVE_INFINITY;
            for (int s = 0; s < orders.length; s++) {
                double filled = given[s] / sources.get(s).share();
                if (filled < least && pass[s] < passes && given[s] + tokens(s) <= limits[s]) {
                    source = s;
                    least = filled;
                }
            }
        }

        private void shuffle(int s) {
            Shuffle.of(orders[s], new Random(Shuffle.seed(seed + pass[s], s)));
        }
    }
}
