package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.Shared;
import org.espalier.error.Warnings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokenizers as people have them, with the ids that transformers, SentencePiece and llama.cpp give. */
class FieldTokenizersTest {

    private static final String CASES = "cases/field/";

    @TempDir
    private Path folder;

    /** Ids of transformers 4.57 and 5.17, behind the begin token. */
    @Test
    void tokensBesideASentencePieceModelAreOneIdEach() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path(CASES + "04-added-tokens/model"))) {
            assertArrayEquals(
                    new int[] {401, 328, 353, 285, 271, 352, 400},
                    tokenizer.encode("<|im_start|>user hi<|im_end|>", false));
            assertEquals(List.of(400), tokenizer.eosIds());
            assertEquals(402, tokenizer.vocabularySize());
            assertEquals("user hi", tokenizer.decode(new int[] {401, 328, 353, 285, 271, 352, 400}, true));
        }
    }

    @Test
    void tokensBesideATokenizerJsonAreOneIdEach() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path(CASES + "04-added-tokens/json"))) {
            assertArrayEquals(
                    new int[] {1, 512, 318, 419, 285, 270, 417, 513},
                    tokenizer.encode("<|im_start|>user hi<|im_end|>", true));
            assertEquals(List.of(2), tokenizer.eosIds());
        }
    }

    @Test
    void addedTokensJsonIsReadWhereTheConfigurationHasNone() throws IOException {
        Path model = Shared.path(CASES + "04-added-tokens/model");
        Files.copy(model.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<b>\": 403, \"<a>\": 400}");
        Files.writeString(
                folder.resolve("special_tokens_map.json"),
                "{\"eos_token\": {\"content\": \"<b>\"}, \"additional_special_tokens\": [\"<c>\"]}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {403, 261, 400, 404}, tokenizer.encode("<b>a<a><c>", false));
            assertEquals(List.of(403), tokenizer.eosIds());
            assertEquals("a<a>", tokenizer.decode(new int[] {261, 400, 403}, true));
        }
    }

    @Test
    void specialTokensMapJsonAddsToATokenizerJson() throws IOException {
        Path model = Shared.path(CASES + "04-added-tokens/json");
        Files.copy(model.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(
                folder.resolve("special_tokens_map.json"),
                "{\"eos_token\": \"<|im_end|>\", \"pad_token\": {\"content\": \"</s>\"}}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {270, 417, 512}, tokenizer.encode("hi<|im_end|>", false));
            assertEquals(List.of(512), tokenizer.eosIds());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "model;USER: hi</s>ASSISTANT: ok;"
                        + "344 88 371 395 85 61 271 352 2 384 371 371 375 371 367 384 394 367 61 293 368",
                "model; Tom;270 287",
                "model;Tom;270 287",
                "model;a</s>  b;261 2 344 267",
                "model;<s>ab;1 346 365",
                "model;||;",
                "noprefix;Tom;367 287",
                "noprefix; Tom;270 287",
                "noprefix;a</s>  b;346 2 344 267",
                "noprefix;▁a;261"
            })
    void spacesStandWhereTheConfigurationSays(String model, String text, String ids) {
        int[] expected = ids == null
                ? new int[0]
                : Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path(CASES + "05-spm-legacy-false/" + model))) {
            assertArrayEquals(expected, tokenizer.encode(text == null ? "" : text, false), text);
        }
    }

    @Test
    void piecesOfOneScoreAreMergedFromLeftToRight() throws IOException {
        Path cases = Shared.path(CASES + "06-spm-space-runs");
        try (Tokenizer tokenizer = Tokenizer.open(cases.resolve("runs.gguf"))) {
            // A space and q, the 18 spaces as a piece of 16 and one of 2, z.
            assertArrayEquals(
                    new int[] {273, 274, 263, 259, 275},
                    tokenizer.encode(Files.readString(cases.resolve("eighteen.txt")), false));
        }
    }

    @ParameterizedTest
    @CsvSource({"no-bos-id", "no-scores", "no-types", "eos-out-of-range", "empty-piece", "double-piece"})
    void whatAGgufVocabularyLacksIsLlamaCppsDefault(String name) {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path(CASES + "18-gguf-tokenizer-fields/" + name + ".gguf"))) {
            boolean hasNoA = name.equals("empty-piece") || name.equals("double-piece");
            int a = hasNoA ? 3 + 'a' : 260;
            assertArrayEquals(new int[] {1, 259, a}, tokenizer.encode("a", true));
            assertArrayEquals(new int[] {1, 259, a, 259, 3 + 'b'}, tokenizer.encode("a b", true));
            assertEquals(List.of(2), tokenizer.eosIds());
            assertEquals("a", tokenizer.decode(new int[] {1, 259, a}, true));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "eos-out-of-range, '32000, and there are 261 tokens; 2 is taken'",
        "empty-piece, at 260",
        "double-piece, at 260"
    })
    void whatIsTakenOtherwiseThanAGgufFileSaysIsWarnedOf(String name, String expected) {
        List<String> heard = new ArrayList<>();
        Warnings.hear(heard::add);
        Path file = Shared.path(CASES + "18-gguf-tokenizer-fields/" + name + ".gguf");
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            assertEquals(1, heard.size(), heard::toString);
            assertTrue(heard.getFirst().contains(expected), heard::toString);
            assertArrayEquals(new int[] {1}, tokenizer.encode("", true));
        }
    }

    @Test
    void emptySpecialTokensOfTheFirstConversionsAreThoseOfTheModel() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizer.sentencePiece());
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"\", \"eos_token\": \"\", \"model_max_length\": 1e30,"
                        + " \"tokenizer_class\": \"LLaMATokenizer\", \"unk_token\": \"\"}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {1, 259, 262}, tokenizer.encode("ab", true));
            assertEquals(1, tokenizer.bosId().orElseThrow());
            assertEquals(1, tokenizer.addedBosId().orElseThrow());
            assertEquals(List.of(2), tokenizer.eosIds());
        }
    }

    @Test
    void qwenComposesCharacters() {
        Map<String, Object> metadata = new HashMap<>(Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                "qwen2",
                "tokenizer.ggml.tokens",
                new String[] {"e", "Ã", "©", "Ã©", "Ì", "ģ"},
                "tokenizer.ggml.merges",
                new String[] {"Ã ©"}));
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertArrayEquals(new int[] {3}, tokenizer.encode("\u00e9", false));
            assertArrayEquals(new int[] {3}, tokenizer.encode("e\u0301", false));
        }
        metadata.put("tokenizer.ggml.pre", "gpt-2");
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertArrayEquals(new int[] {0, 4, 5}, tokenizer.encode("e\u0301", false));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "</s>, '<|eot_id|>,x', '2 3'",
        "</s>, '<|im_end|>,<|endoftext|>', '2 3 4'",
        "</s>, '<|end|>,<end_of_turn>', '2 3 4'",
        "<|im_end|>, '<|endoftext|>,x', '2'",
        "<|endoftext|>, '<|end|>,x', '2 3'",
        "</s>, 'x,y', '2'"
    })
    void answersEndByName(String stated, String further, String ends) {
        String[] tokens = IntStream.range(0, 5)
                .mapToObj(id -> id == 2 ? stated : id > 2 ? further.split(",")[id - 3] : "t" + id)
                .toArray(String[]::new);
        Map<String, Object> metadata = Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                "gpt-2",
                "tokenizer.ggml.tokens",
                tokens,
                "tokenizer.ggml.merges",
                new String[0],
                "tokenizer.ggml.eos_token_id",
                2L);
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertEquals(Arrays.stream(ends.split(" ")).map(Integer::parseInt).toList(), tokenizer.eosIds());
        }
    }
}
