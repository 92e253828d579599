package org.espalier.backend;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.agrona.collections.IntArrayList;

/**
 * How packed rows divide into sequences for attention. Sequence {@code s} asks with query rows
 * {@code queryStart[s] .. queryStart[s + 1]} and may look at {@code keyCount[s]} key rows from {@code keyStart[s]} on. Its
 * last query stands at its last key, so query {@code i} of {@code n} sees the first {@code keyCount - n + i + 1} keys.
 *
 * @param queryStart first query row of each sequence, and the end: {@code count + 1} ascending numbers from 0
 * @param keyStart   first key row of each sequence
 * @param keyCount   key rows of each sequence, at least its queries
 */
public record Sequences(int[] queryStart, int[] keyStart, int[] keyCount) {

    public Sequences {
        int count = queryStart.length - 1;
        if (count < 0 || queryStart[0] != 0 || keyStart.length != count || keyCount.length != count) {
            throw new IllegalArgumentException("sequence bounds do not match: " + Arrays.toString(queryStart) + ", "
                    + Arrays.toString(keyStart) + ", " + Arrays.toString(keyCount));
        }
        for (int s = 0; s < count; s++) {
            int queries = queryStart[s + 1] - queryStart[s];
            if (queries < 0 || keyStart[s] < 0 || keyCount[s] < queries) {
                throw new IllegalArgumentException("sequence " + s + " has " + queries + " queries at " + queryStart[s]
                        + " and " + keyCount[s] + " keys at " + keyStart[s]);
            }
        }
    }

    /** Sequences of the given lengths laid end to end, each looking only at itself. */
    public static Sequences packed(int... lengths) {
        int[] start = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            start[s + 1] = Math.addExact(start[s], lengths[s]);
        }
        return new Sequences(start, Arrays.copyOf(start, lengths.length), lengths.clone());
    }

    /** One sequence of {@code queries} new rows after {@code past} rows that are in the cache already. */
    public static Sequences cached(int past, int queries) {
        return new Sequences(new int[] {0, queries}, new int[] {0}, new int[] {Math.addExact(past, queries)});
    }

    /**
     * Puts texts one after the other of which each may begin with a prompt whose tokens all see each other: every one of them
     * is a sequence of its own, which looks at the whole prompt.
     */
    public static final class Builder {

        private final IntArrayList queryStart = new IntArrayList();
        private final IntArrayList keyStart = new IntArrayList();
        private final IntArrayList keyCount = new IntArrayList();
        private int queries;

        /**
         * Adds tokens of one text.
         *
         * @param firstKey the text's first key row
         * @param past     tokens of the text whose keys are there already
         * @param tokens   those that follow
         * @param prompt   tokens at the beginning of the text that all see each other; either all of them are past, or none
         */
        public Builder add(int firstKey, int past, int tokens, int prompt) {
            if (past < prompt && (past > 0 || tokens < prompt)) {
                throw new IllegalArgumentException(
                        "tokens " + past + " to " + (past + tokens) + " of a prompt of " + prompt);
            }
            int alone = past < prompt ? prompt : 0;
            for (int token = 0; token < alone; token++) {
                add(1, firstKey, prompt);
            }
            if (tokens > alone || alone == 0) {
                add(tokens - alone, firstKey, past + tokens);
            }
            return this;
        }

        private void add(int ofQueries, int firstKey, int keys) {
            queryStart.addInt(queries);
            keyStart.addInt(firstKey);
            keyCount.addInt(keys);
            queries += ofQueries;
        }

        /** All of them. */
        public Sequences build() {
            int[] starts = Arrays.copyOf(queryStart.toIntArray(), keyStart.size() + 1);
            starts[keyStart.size()] = queries;
            return new Sequences(starts, keyStart.toIntArray(), keyCount.toIntArray());
        }
    }

    /** How many sequences there are; one may be without queries. */
    public int count() {
        return keyStart.length;
    }

    /** All query rows. */
    public int queries() {
        return queryStart[count()];
    }

    /** Query rows of sequence {@code s}. */
    public int queries(int s) {
        return queryStart[s + 1] - queryStart[s];
    }

    /** One more than the last key row that any sequence looks at. */
    public int keyEnd() {
        int end = 0;
        for (int s = 0; s < count(); s++) {
            end = Math.max(end, keyStart[s] + keyCount[s]);
        }
        return end;
    }

    /** Whether two sequences look at the same key row, so that their gradients add up there. */
    public boolean keysOverlap() {
        int[] order = IntStream.range(0, count())
                .boxed()
                .sorted(Comparator.comparingInt(s -> keyStart[s]))
                .mapToInt(Integer::intValue)
                .toArray();
        return IntStream.range(1, order.length)
                .anyMatch(i -> keyStart[order[i]] < keyStart[order[i - 1]] + keyCount[order[i - 1]]);
    }
}
