package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.Shared;
import org.espalier.text.BpeTrainer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.junit.jupiter.api.Test;

class RandomBeginningsTest {

    @Test
    void eachIsOneToFourWordsOfWhichTheFirstIsCapitalised() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/smollm2-135m"))) {
            RandomBeginnings beginnings = new RandomBeginnings(tokenizer);
            Set<Integer> lengths = new HashSet<>();
            Set<String> texts = new HashSet<>();
            for (int i = 0; i < 200; i++) {
                int[] ids = beginnings.get(1, i);
                String text = tokenizer.decode(ids, true);
                assertTrue(text.matches("\\p{Lu}\\p{L}+( \\p{L}{2,}){0,3}"), text);
                assertArrayEquals(ids, beginnings.get(1, i));
                lengths.add(ids.length);
                texts.add(text);
            }
            assertEquals(Set.of(1, 2, 3, 4), lengths);
            assertTrue(texts.size() > 190, texts.size() + " different ones");
        }
    }

    @Test
    void theBeginTokenStandsFirstWhereTheTokenizerPutsOne() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/stories260K"))) {
            assertEquals(1, new RandomBeginnings(tokenizer).get(1, 0)[0]);
        }
    }

    /** A vocabulary of bytes has no words. */
    @Test
    void aVocabularyWithoutWordsGivesAnyOfItsTokens() {
        String bytes = BpeTrainer.train(List.of(), 258).tokenizerJson().toString();
        try (Tokenizer tokenizer = Tokenizer.fromJson(bytes, TokenizerSettings.NONE)) {
            assertTrue(new RandomBeginnings(tokenizer).get(1, 0).length > 1);
        }
    }
}
