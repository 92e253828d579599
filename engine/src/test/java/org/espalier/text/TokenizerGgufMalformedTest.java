package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a GGUF file says of its tokenizer and cannot be is one clear line. */
class TokenizerGgufMalformedTest {

    static Stream<Arguments> metadata() {
        return Stream.of(
                Arguments.of("tokens", null, "tokens is missing"),
                Arguments.of("tokens", new int[] {1}, "is not an array of texts"),
                Arguments.of("tokens", new String[] {"a"}, "token_type has 263 elements for 1 tokens"),
                Arguments.of("scores", new float[3], "scores has 3 elements for 263 tokens"),
                Arguments.of("token_type", new int[263], "unknown type 0 for token 0"),
                Arguments.of("token_type", "x", "is not an array of numbers"),
                Arguments.of("model", null, "model is missing"),
                Arguments.of("model", 3L, "is not a text"),
                Arguments.of("model", "bert", "kind 'bert'"),
                Arguments.of("model", "gpt2", "(tokenizer.ggml.pre)"),
                Arguments.of("bos_token_id", -1L, "is -1, and there are 263 tokens"),
                Arguments.of("eos_token_id", -1L, "is -1"),
                Arguments.of("add_eos_token", 1L, "is not a boolean"));
    }

    @ParameterizedTest
    @MethodSource("metadata")
    void ggufMetadataThatLiesIsNamed(String key, Object value, String expected) {
        Map<String, Object> metadata = new HashMap<>(SmallTokenizer.gguf());
        metadata.put("tokenizer.ggml." + key, value);
        MalformedTokenizers.requireLine(expected, () -> Tokenizer.fromGguf(metadata));
    }

    @Test
    void byteLevelGgufNeedsTheBeginTokenItAsksFor() {
        Map<String, Object> metadata = Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                "llama-bpe",
                "tokenizer.ggml.tokens",
                new String[] {"a"},
                "tokenizer.ggml.merges",
                new String[0]);
        MalformedTokenizers.requireLine("is missing, but", () -> Tokenizer.fromGguf(metadata));
    }

    @Test
    void byteLevelGgufNeedsMergesThatFit() {
        Map<String, Object> metadata = new HashMap<>(Map.of(
                "tokenizer.ggml.model", "gpt2", "tokenizer.ggml.pre", "gpt-2", "tokenizer.ggml.tokens", new String[] {
                    "a", "b", "ab"
                }));
        MalformedTokenizers.requireLine("merges is missing", () -> Tokenizer.fromGguf(metadata));
        metadata.put("tokenizer.ggml.merges", new String[] {"a c"});
        MalformedTokenizers.requireLine("'c', which is not in the vocabulary", () -> Tokenizer.fromGguf(metadata));
        metadata.put("tokenizer.ggml.merges", new String[] {"a b"});
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertEquals(1, tokenizer.encode("ab", true).length);
        }
        metadata.put("tokenizer.ggml.tokens", new String[] {"a", "b", "ab", "a"});
        MalformedTokenizers.requireLine("'a' twice", () -> Tokenizer.fromGguf(metadata));
    }
}
