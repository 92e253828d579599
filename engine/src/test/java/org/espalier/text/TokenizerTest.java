package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.ffi.NativeMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    private static final TokenizerSettings BEGIN_AND_END = new TokenizerSettings(
            Optional.of("<s>"),
            Optional.of("</s>"),
            List.of(7, 2),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    @TempDir
    private Path folder;

    @Test
    void specialTokensAreAddedOnlyWhenAskedForAndParsedAlways() {
        try (Tokenizer tokenizer = open()) {
            assertArrayEquals(new int[] {1, 5, 2}, tokenizer.encode("ab", true));
            assertArrayEquals(new int[] {5}, tokenizer.encode("ab", false));
            assertArrayEquals(new int[] {5, 1, 5}, tokenizer.encode("ab<s>ab", false));
            assertEquals("ab", tokenizer.decode(new int[] {1, 5, 2}, true));
            assertEquals("<s>ab</s>", tokenizer.decode(new int[] {1, 5, 2}, false));
            assertEquals(List.of(2, 7), tokenizer.eosIds());
            assertEquals(1, tokenizer.bosId().orElseThrow());
            assertEquals(6, tokenizer.vocabularySize());
        }
    }

    @Test
    void truncationAndPaddingOfTheFileAreNotApplied() {
        ObjectNode json = SmallTokenizer.json();
        json.putObject("truncation")
                .put("direction", "Right")
                .put("max_length", 4)
                .put("strategy", "LongestFirst")
                .put("stride", 0);
        ObjectNode padding = json.putObject("padding")
                .put("direction", "Right")
                .putNull("pad_to_multiple_of")
                .put("pad_id", 0)
                .put("pad_type_id", 0)
                .put("pad_token", "<unk>");
        padding.putObject("strategy").put("Fixed", 8);
        try (Tokenizer tokenizer = Tokenizer.fromJson(json.toString(), TokenizerSettings.NONE)) {
            assertEquals(2, tokenizer.encode("aa", false).length);
            assertEquals(100_002, tokenizer.encode("a".repeat(100_000), true).length);
        }
    }

    @Test
    void unknownIdsDecodeToNothing() {
        try (Tokenizer tokenizer = open()) {
            assertEquals("ab", tokenizer.decode(new int[] {5, 6, 1 << 30, -1}, true));
        }
    }

    @Test
    void anyJavaStringCanBeEncoded() {
        try (Tokenizer tokenizer = open()) {
            assertArrayEquals(new int[] {3, 0, 4}, tokenizer.encode("a\uD83D\uDE00b", false));
            assertArrayEquals(tokenizer.encode("a\uFFFDb", false), tokenizer.encode("a\uD83Db", false));
            assertArrayEquals(tokenizer.encode("\uFFFD\uFFFD", false), tokenizer.encode("\uDE00\uD83D", false));
            assertArrayEquals(new int[] {3, 0, 4}, tokenizer.encode("a\0b", false));
            assertArrayEquals(new int[0], tokenizer.encode("", false));
        }
    }

    @Test
    void useAfterCloseIsRefused() {
        Tokenizer tokenizer = open();
        tokenizer.close();
        tokenizer.close();
        assertThrows(IllegalStateException.class, () -> tokenizer.encode("a", true));
    }

    @Test
    void anOpenTokenizerIsListedAsNativeMemory() {
        long before = NativeMemory.outstanding().size();
        try (Tokenizer tokenizer = open()) {
            assertEquals(before + 1, NativeMemory.outstanding().size(), tokenizer::toString);
        }
        assertEquals(before, NativeMemory.outstanding().size());
    }

    @Test
    void settingsComeFromTheFilesBeside() throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "add_bos_token": true,
                 "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}""");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 5]}");
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 4}");
        TokenizerSettings settings = TokenizerSettings.read(folder);
        assertEquals(
                new TokenizerSettings(
                        Optional.of("<s>"),
                        Optional.of("</s>"),
                        List.of(2, 5),
                        Optional.of("D"),
                        Optional.of(true),
                        Optional.empty()),
                settings);
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        assertEquals("J", TokenizerSettings.read(folder).chatTemplate().orElseThrow());
        Files.delete(folder.resolve("generation_config.json"));
        assertEquals(List.of(4), TokenizerSettings.read(folder).eosIds());
    }

    @Test
    void ggufSentencePieceVocabularyEqualsItsFile() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizer.sentencePiece());
        try (Tokenizer file = Tokenizer.open(folder);
                Tokenizer gguf = Tokenizer.fromGguf(SmallTokenizer.gguf())) {
            for (String text : List.of("", "a", "ab ab", "  b", "é \n", "<s>ab")) {
                assertArrayEquals(file.encode(text, true), gguf.encode(text, true), text);
                assertEquals(text.replace("<s>", ""), gguf.decode(gguf.encode(text, true), true));
            }
            assertArrayEquals(new int[] {1, 259, 262}, gguf.encode("ab", true));
            assertEquals(file.eosIds(), gguf.eosIds());
        }
    }

    /** {@code ab} scores -4, {@code a} and {@code b} together -5; what is unknown becomes its bytes. */
    @Test
    void unigramModelsTakeTheBestScoringPieces() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizer.sentencePiece(1));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {1, 259, 262, 261}, tokenizer.encode("abb", true));
            assertArrayEquals(new int[] {1, 259, 3 + 0xC3, 3 + 0xA9, 262}, tokenizer.encode("éab", true));
            assertEquals("éab", tokenizer.decode(tokenizer.encode("éab", true), true));
        }
    }

    @Test
    void ggufFlagsDecideOnBeginEndAndSpace() {
        Map<String, Object> metadata = new HashMap<>(SmallTokenizer.gguf());
        metadata.put("tokenizer.ggml.add_bos_token", false);
        metadata.put("tokenizer.ggml.add_eos_token", true);
        metadata.put("tokenizer.ggml.add_space_prefix", false);
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertArrayEquals(new int[] {262, 2}, tokenizer.encode("ab", true));
        }
    }

    private static Tokenizer open() {
        return Tokenizer.fromJson(SmallTokenizer.json().toString(), BEGIN_AND_END);
    }
}
