package org.espalier.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.agrona.collections.IntHashSet;
import org.agrona.collections.Long2LongCounterMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.Object2IntHashMap;

/**
 * Counted words as sequences of symbols, and how often any two symbols are neighbours. A merge touches only the words that
 * hold its pair. Symbols are numbers here and a pair of them is a long, so that nothing is boxed while merging.
 */
final class BpeMerges {

    /** No pair. */
    static final long NONE = -1;

    private static final int UNKNOWN = -1;

    private final List<String> symbols = new ArrayList<>();
    private final Object2IntHashMap<String> numbers = new Object2IntHashMap<>(UNKNOWN);
    private final List<int[]> words = new ArrayList<>();
    private final long[] counts;
    private final Long2LongCounterMap pairs = new Long2LongCounterMap(0);
    /** Words that hold a pair, or once held it. */
    private final Long2ObjectHashMap<IntHashSet> holders = new Long2ObjectHashMap<>();

    /**
     * Cuts words into the symbols of their bytes.
     *
     * @param alphabet the symbol of each byte
     * @param counted  words, and how often each occurs
     */
    BpeMerges(List<String> alphabet, Map<String, Long> counted) {
        alphabet.forEach(this::number);
        counts = counted.values().stream().mapToLong(count -> count).toArray();
        for (String word : counted.keySet()) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            int[] sequence = new int[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                sequence[i] = bytes[i] & 0xff;
            }
            words.add(sequence);
            count(words.size() - 1, 1);
        }
    }

    /** The pair that is met most often, of several the one whose two symbols, with a space between, sort first; or NONE. */
    long mostFrequent() {
        long most = pairs.maxValue();
        if (most == 0) {
            return NONE;
        }
        List<Long> equals = new ArrayList<>();
        pairs.forEach((pair, count) -> {
            if (count == most) {
                equals.add(pair);
            }
        });
        return equals.stream().min(Comparator.comparing(this::text)).orElseThrow();
    }

    /** The two symbols of a pair, with a space between. */
    String text(long pair) {
        return symbols.get(left(pair)) + " " + symbols.get(right(pair));
    }

    /** Makes one symbol of the pair wherever it is met, from the left; returns the new symbol. */
    String merge(long pair) {
        String together = symbols.get(left(pair)) + symbols.get(right(pair));
        int symbol = number(together);
        holders.remove(pair).forEachInt(word -> {
            count(word, -1);
            words.set(word, merged(words.get(word), pair, symbol));
            count(word, 1);
        });
        return together;
    }

    private static int[] merged(int[] word, long pair, int symbol) {
        int[] merged = new int[word.length];
        int length = 0;
        for (int i = 0; i < word.length; i++) {
            boolean meets = i + 1 < word.length && pair(word[i], word[i + 1]) == pair;
            merged[length++] = meets ? symbol : word[i];
            i += meets ? 1 : 0;
        }
        return Arrays.copyOf(merged, length);
    }

    /** Adds the pairs of a word to the count, or takes them away. */
    private void count(int word, int sign) {
        int[] sequence = words.get(word);
        for (int i = 0; i + 1 < sequence.length; i++) {
            long pair = pair(sequence[i], sequence[i + 1]);
            pairs.addAndGet(pair, sign * counts[word]);
            if (sign > 0) {
                holders.computeIfAbsent(pair, _ -> new IntHashSet()).add(word);
            }
        }
    }

    /** A symbol's number: the same text is the same symbol, whatever it was merged from. */
    private int number(String symbol) {
        int known = numbers.getValue(symbol);
        if (known != UNKNOWN) {
            return known;
        }
        numbers.put(symbol, symbols.size());
        symbols.add(symbol);
        return symbols.size() - 1;
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    private static int left(long pair) {
        return (int) (pair >>> 32);
    }

    private static int right(long pair) {
        return (int) pair;
    }
}
