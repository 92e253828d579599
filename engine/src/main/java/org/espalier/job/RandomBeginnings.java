package org.espalier.job;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.espalier.text.Tokenizer;

/**
 * Beginnings of texts that no one wrote: a capitalised word, and up to three further ones, drawn from the vocabulary. A model that
 * goes on from them writes of whatever it knows.
 */
final class RandomBeginnings {

    private static final Pattern CAPITALISED = Pattern.compile("\\p{Lu}\\p{L}+");
    private static final Pattern FURTHER = Pattern.compile(" \\p{L}{2,}");
    private static final int MOST_WORDS = 4;

    private final int[] begin;
    private final int[] capitalised;
    private final int[] further;

    /** Beginnings in the tokens of {@code tokenizer}. */
    RandomBeginnings(Tokenizer tokenizer) {
        begin = tokenizer
                .asking()
                .map(asking -> tokenizer.encode(asking, false))
                .orElseGet(() -> tokenizer.addedBosId().stream().toArray());
        TokenTexts texts = new TokenTexts(tokenizer);
        Set<Integer> ends = new HashSet<>(tokenizer.eosIds());
        int[] usual = IntStream.range(0, tokenizer.vocabularySize())
                .filter(id -> !ends.contains(id) && texts.length(id) > 0)
                .toArray();
        further = orAll(usual, id -> FURTHER.matcher(texts.text(id)).matches());
        capitalised = orAll(
                usual,
                id -> CAPITALISED
                        .matcher(tokenizer.decode(new int[] {id}, true))
                        .matches());
    }

    /** Those of some kind; all where the vocabulary has none of it, as one of single letters has no words. */
    private static int[] orAll(int[] ids, IntPredicate kind) {
        int[] some = IntStream.of(ids).filter(kind).toArray();
        return some.length > 0 ? some : ids;
    }

    /** So many of them, from the first on. */
    List<int[]> first(int number, long seed) {
        return IntStream.range(0, number).mapToObj(i -> get(seed, i)).toList();
    }

    /** Beginning {@code index}, with the token that begins a text where the tokenizer puts one. */
    int[] get(long seed, int index) {
        SplittableRandom random = new SplittableRandom(new SplittableRandom(seed).nextLong() + index);
        List<Integer> ids = new ArrayList<>(IntStream.of(begin).boxed().toList());
        int words = 1 + random.nextInt(MOST_WORDS);
        ids.add(capitalised[random.nextInt(capitalised.length)]);
        for (int word = 1; word < words; word++) {
            ids.add(further[random.nextInt(further.length)]);
        }
        return ids.stream().mapToInt(id -> id).toArray();
    }
}
