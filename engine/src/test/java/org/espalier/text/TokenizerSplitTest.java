package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where words are cut shows in which merges come about: the vocabulary could merge every text here into fewer tokens. */
class TokenizerSplitTest {

    private static final List<String> TOKENS = List.of(
            "<s>", "1", "a", "B", "'", "T", "!", "Ċ", "Ġ", "z", "zz1", "11", "1111", "aB", "'T", "!Ċ", "Ġa", "ĠĠ", "zz",
            "Ba");
    private static final List<String> MERGES = List.of("1 1", "11 11", "a B", "B a", "' T", "! Ċ", "Ġ a", "Ġ Ġ");

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "gpt-2;1111;1111",
                "smollm;1111;1 1 1 1",
                "llama-bpe;1111;11 1 1",
                "qwen2;1111;1 1 1 1",
                "tekken;1111;1 1 1 1",
                "gpt-2;aB;aB",
                "smollm;aB;aB",
                "llama-bpe;aB;aB",
                "qwen2;aB;aB",
                "tekken;aB;a B",
                "gpt-2;Ba;Ba",
                "tekken;Ba;Ba",
                "gpt-2;'T;' T",
                "smollm;'T;' T",
                "llama-bpe;'T;'T",
                "qwen2;'T;'T",
                "tekken;'T;'T",
                "gpt-2;!\\n;! Ċ",
                "smollm;!\\n;! Ċ",
                "llama-bpe;!\\n;!Ċ",
                "qwen2;!\\n;!Ċ",
                "tekken;!\\n;!Ċ",
                "gpt-2;   a;ĠĠ Ġa",
                "smollm;   a;ĠĠ Ġa",
                "llama-bpe;   a;ĠĠ Ġa",
                "qwen2;   a;ĠĠ Ġa",
                "tekken;   a;ĠĠ Ġa",
                "gpt-2;zz;z z",
                "qwen2;zz;z z",
                "llama-bpe;zz;zz",
                "tekken;zz;zz"
            })
    void everyFamilyCutsItsOwnWay(String pre, String text, String expected) {
        Map<String, Object> metadata = metadata(pre);
        metadata.put("tokenizer.ggml.add_bos_token", false);
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertEquals(expected, String.join(" ", tokens(tokenizer.encode(text.replace("\\n", "\n"), true))));
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt-2, 1", "smollm, 1", "qwen2, 1", "llama-bpe, 2", "tekken, 2"})
    void someFamiliesBeginTextsWithoutBeingTold(String pre, int length) {
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata(pre))) {
            assertEquals(length, tokenizer.encode("a", true).length);
            assertArrayEquals(new int[] {TOKENS.indexOf("a")}, tokenizer.encode("a", false));
        }
    }

    @Test
    void anUnknownFamilyIsRefusedWithTheKnownOnes() {
        Failure failure = assertThrows(Failure.class, () -> Tokenizer.fromGguf(metadata("martian")));
        assertTrue(
                failure.oneLine().contains("'martian'") && failure.oneLine().contains("llama-bpe"), failure.oneLine());
    }

    private static List<String> tokens(int[] ids) {
        return Arrays.stream(ids).mapToObj(TOKENS::get).toList();
    }

    private static Map<String, Object> metadata(String pre) {
        List<Integer> types = new ArrayList<>(TOKENS.stream().map(t -> 1).toList());
        types.set(0, 3);
        return new HashMap<>(Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                pre,
                "tokenizer.ggml.tokens",
                TOKENS.toArray(String[]::new),
                "tokenizer.ggml.merges",
                MERGES.toArray(String[]::new),
                "tokenizer.ggml.token_type",
                types.stream().mapToInt(t -> t).toArray(),
                "tokenizer.ggml.bos_token_id",
                0L));
    }
}
