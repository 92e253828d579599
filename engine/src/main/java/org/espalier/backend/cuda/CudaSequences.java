package org.espalier.backend.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.espalier.backend.Sequences;

/**
 * Some of the sequences of a call, as many as the kernels of attention take at once.
 *
 * @param sequences of the whole call
 * @param chosen    which of them
 */
record CudaSequences(Sequences sequences, int[] chosen) {

    /** The most that a kernel takes, as {@code attention.cuh} has it. */
    private static final int MOST = 128;

    private static final int FEW_QUERIES = 4;

    /** Those whose number of queries is asked for, in order, so many at a time or as many as a kernel takes. */
    static List<CudaSequences> where(Sequences sequences, IntPredicate queries, int most) {
        int[] all = IntStream.range(0, sequences.count())
                .filter(s -> queries.test(sequences.queries(s)))
                .toArray();
        int size = Math.min(most, MOST);
        List<CudaSequences> chunks = new ArrayList<>();
        for (int start = 0; start < all.length; start += size) {
            chunks.add(
                    new CudaSequences(sequences, Arrays.copyOfRange(all, start, Math.min(all.length, start + size))));
        }
        return chunks;
    }

    static List<CudaSequences> where(Sequences sequences, IntPredicate queries) {
        return where(sequences, queries, MOST);
    }

    /** Those that decode: a tile of 64 queries would be mostly empty. */
    static List<CudaSequences> ofFewQueries(Sequences sequences) {
        return where(sequences, queries -> queries > 0 && queries <= FEW_QUERIES);
    }

    /** Those whose queries fill tiles. */
    static List<CudaSequences> ofManyQueries(Sequences sequences) {
        return where(sequences, queries -> queries > FEW_QUERIES);
    }

    int queries() {
        return IntStream.of(chosen).map(sequences::queries).sum();
    }

    /** The keys of the one that has most. */
    int mostKeys() {
        return IntStream.of(chosen).map(s -> sequences.keyCount()[s]).max().orElse(0);
    }

    int queryTiles(int rows) {
        return IntStream.of(chosen)
                .map(s -> Math.ceilDiv(sequences.queries(s), rows))
                .sum();
    }

    int keyTiles(int rows) {
        return IntStream.of(chosen)
                .map(s -> Math.ceilDiv(sequences.keyCount()[s], rows))
                .sum();
    }

    /** The kernels' struct: the count, then first query, queries, first key and keys of each, with room for the most. */
    int[] words() {
        int[] words = new int[1 + 4 * MOST];
        words[0] = chosen.length;
        for (int i = 0; i < chosen.length; i++) {
            int s = chosen[i];
            words[1 + i] = sequences.queryStart()[s];
            words[1 + MOST + i] = sequences.queries(s);
            words[1 + 2 * MOST + i] = sequences.keyStart()[s];
            words[1 + 3 * MOST + i] = sequences.keyCount()[s];
        }
        return words;
    }
}
