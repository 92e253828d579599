package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;

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

    @Test
    void theSameTextsGiveTheSameTokenizerAndTooFewTokensAreRefused() {
        assertArrayEquals(
                Json.toBytes(BpeTrainer.train(TEXTS, 300).tokenizerJson()),
                Json.toBytes(BpeTrainer.train(TEXTS, 300).tokenizerJson()));
        assertThrows(IllegalArgumentException.class, () -> BpeTrainer.train(TEXTS, 257));
        assertTrue(BpeTrainer.train(List.of("ab"), 1000).size() < 262);
    }
}
