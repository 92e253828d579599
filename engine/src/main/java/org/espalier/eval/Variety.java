package org.espalier.eval;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How much continuations repeat themselves. N-grams are of token ids and lie within one continuation; where there are none, a
 * share of them is 0.
 *
 * @param distinct1  different tokens among all tokens of all continuations
 * @param distinct2  the same of pairs
 * @param distinct3  the same of triples
 * @param repetition of a continuation's 4-grams those that have come before in it, the mean over continuations that have any
 *                   (seq-rep-4 of Welleck et al., 2020)
 * @param loops      share of continuations that end in a loop: a block of at most {@value #LONGEST_LOOP} tokens
 *                   {@value #ROUNDS} times or more, and over at least {@value #LEAST_LOOP} tokens
 */
public record Variety(double distinct1, double distinct2, double distinct3, double repetition, double loops) {

    private static final int REPEATED = 4;
    private static final int LONGEST_LOOP = 16;
    private static final int ROUNDS = 3;
    private static final int LEAST_LOOP = 8;

    /** Of continuations, each the ids of its tokens. */
    public static Variety of(List<int[]> continuations) {
        double[] repetitions = continuations.stream()
                .filter(ids -> ids.length >= REPEATED)
                .mapToDouble(ids -> 1 - distinct(List.of(ids), REPEATED))
                .toArray();
        double looping = continuations.stream().filter(Variety::loops).count();
        return new Variety(
                distinct(continuations, 1),
                distinct(continuations, 2),
                distinct(continuations, 3),
                Arrays.stream(repetitions).average().orElse(0),
                continuations.isEmpty() ? 0 : looping / continuations.size());
    }

    private static double distinct(List<int[]> continuations, int n) {
        List<List<Integer>> all =
                continuations.stream().flatMap(ids -> grams(ids, n)).toList();
        Set<List<Integer>> different = new HashSet<>(all);
        return all.isEmpty() ? 0 : (double) different.size() / all.size();
    }

    private static Stream<List<Integer>> grams(int[] ids, int n) {
        return IntStream.rangeClosed(0, ids.length - n)
                .mapToObj(start -> Arrays.stream(ids, start, start + n).boxed().toList());
    }

    private static boolean loops(int[] ids) {
        return IntStream.rangeClosed(1, LONGEST_LOOP)
                .anyMatch(block -> repeats(ids, block, Math.max(ROUNDS * block, LEAST_LOOP)));
    }

    /** Whether each of the last {@code length} tokens, but for the first block of them, is that of one block before. */
    private static boolean repeats(int[] ids, int block, int length) {
        return ids.length >= length
                && IntStream.range(ids.length - length + block, ids.length).allMatch(i -> ids[i] == ids[i - block]);
    }
}
