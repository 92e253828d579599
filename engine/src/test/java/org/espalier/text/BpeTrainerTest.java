package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BpeTrainerTest {

    private static final List<String> TEXTS =
            List.of("the cat saw the other cat", "the hat of the cat, the hat!", "Once there was a cat with a hat.");

    @Test
    void frequentWordsBecomeOneToken() {
        BpeTrainer trained = BpeTrainer.train(TEXTS, 280);
        assertEquals(280, trained.size());
        try (Tokenizer tokenizer = Tokenizer.fromJson(trained.tokenizerJson().toString(), TokenizerSettings.NONE)) {
            assertEquals(3, tokenizer.encode(" cat hat the", false).length);
            assertEquals(280, tokenizer.vocabularySize());
            assertEquals(0, tokenizer.encode("a", true)[0]);
        }
    }

    @Test
    void anyTextComesBack() {
        BpeTrainer trained = BpeTrainer.train(TEXTS, 270);
        try (Tokenizer tokenizer = Tokenizer.fromJson(trained.tokenizerJson().toString(), TokenizerSettings.NONE)) {
            for (String text : List.of("", " ", "the cat", "Größe  \n\t 你好 🙂 \u0000 it's 12½", "THE</CAT")) {
                int[] ids = tokenizer.encode(text, false);
                assertEquals(text, tokenizer.decode(ids, false));
                assertTrue(ids.length <= text.getBytes(StandardCharsets.UTF_8).length);
            }
        }
    }

    /** A step back for every character of such a run would take hours. */
    @Test
    void aMegabyteOfItsWorstIsCutIntoWords() {
        for (String unit : List.of(" ", "\n", "a", "1", "!", "'", " \n")) {
            String text = unit.repeat((1 << 20) / unit.length()) + "x";
            assertTrue(BpeTrainer.train(List.of(text), 260).size() <= 260, unit);
        }
    }

    /** A merge that went over the whole word each time would take hours. */
    @Test
    void aLongTextWithoutSpacesIsMergedInParts() {
        String letters = new Random(1)
                .ints(1 << 18, 'a', 'z' + 1)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        assertEquals(600, BpeTrainer.train(List.of(letters), 600).size());
        // A character of two UTF-16 units lies across the end of a part.
        BpeTrainer smiles = BpeTrainer.train(List.of("a" + "🙂".repeat(1000)), 270);
        try (Tokenizer tokenizer = Tokenizer.fromJson(smiles.tokenizerJson().toString(), TokenizerSettings.NONE)) {
            assertEquals(1, tokenizer.encode("🙂", false).length);
            assertTrue(smiles.tokenizerJson()
                    .at("/model/merges")
                    .valueStream()
                    .noneMatch(merge -> merge.asText().contains("?")));
        }
    }

    @Test
    void theSameTextsGiveTheSameTokenizerAndTooFewTokensAreRefused() {
        assertArrayEquals(
                Json.toBytes(BpeTrainer.train(TEXTS, 300).tokenizerJson()),
                Json.toBytes(BpeTrainer.train(TEXTS, 300).tokenizerJson()));
        assertThrows(IllegalArgumentException.class, () -> BpeTrainer.train(TEXTS, 257));
        assertTrue(BpeTrainer.train(List.of("ab"), 1000).size() < 262);
    }

    /** Few letters, so that a pair overlaps itself, and the same symbol comes of several merges. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void mergesAreThoseOfCountingEveryPairAnew(long seed) {
        Random random = new Random(seed);
        String letters = "aaabbcü";
        List<String> words = Stream.generate(() -> random.ints(1 + random.nextInt(9), 0, letters.length())
                        .mapToObj(i -> letters.substring(i, i + 1))
                        .collect(Collectors.joining()))
                .limit(60)
                .toList();
        List<String> merges = new ArrayList<>();
        BpeTrainer.train(words, 320).tokenizerJson().at("/model/merges").forEach(merge -> merges.add(merge.asText()));
        assertEquals(mergesByCounting(words, merges.size()), merges);
        assertEquals(62, merges.size());
    }

    private static List<String> mergesByCounting(List<String> words, int count) {
        List<String> spelt =
                new ArrayList<>(words.stream().map(BpeTrainerTest::spelt).toList());
        List<String> merges = new ArrayList<>();
        while (merges.size() < count) {
            Map<String, Integer> pairs = new HashMap<>();
            for (String word : spelt) {
                String[] symbols = word.strip().split(" +");
                for (int i = 0; i + 1 < symbols.length; i++) {
                    pairs.merge(symbols[i] + " " + symbols[i + 1], 1, Integer::sum);
                }
            }
            String best = pairs.keySet().stream()
                    .min(Comparator.comparingInt((String pair) -> -pairs.get(pair))
                            .thenComparing(pair -> pair))
                    .orElseThrow();
            merges.add(best);
            String separated = " " + best.replace(" ", "  ") + " ";
            spelt.replaceAll(word -> word.replace(separated, " " + best.replace(" ", "") + " "));
        }
        return merges;
    }

    /** Each symbol between spaces of its own: " a  b ". */
    private static String spelt(String word) {
        return word.chars()
                .mapToObj(c -> c == 'ü' ? " Ã  ¼ " : " " + (char) c + " ")
                .collect(Collectors.joining());
    }
}
