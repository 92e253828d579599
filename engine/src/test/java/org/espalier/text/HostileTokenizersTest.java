package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Documents and texts that end the library's process, or fill its memory, are one line here. */
class HostileTokenizersTest {

    private static final String WORST = "a".repeat(43) + "b";
    private static final int MEGABYTE = 1 << 20;
    private static final int LONG_RUN = 8000;

    @ParameterizedTest
    @CsvSource({
        "number-out-of-range, decoder.Fuse.x",
        "surrogate, decoder.Fuse.x",
        "template-B, template for one text",
        "two-templates, several templates",
        "regex-redos, ended the process that tried them",
        "regex-recursion, an expression has",
        "replace-bomb, times as long",
        "bytelevel-repeated, times as long"
    })
    void documentsThatEndTheLibraryAreNamed(String name, String expected) throws IOException {
        String json = Files.readString(Shared.path("cases/hostile/tok-" + name + ".json"));
        requireLine(expected, json);
    }

    static Stream<ObjectNode> furtherSurrogates() {
        ObjectNode vocabulary = SmallTokenizer.json();
        ((ObjectNode) vocabulary.at("/model/vocab")).put("x\ud800", 6);
        ObjectNode added = SmallTokenizer.json();
        added.withArray("added_tokens").add(TokenizerParts.addedToken(6, "\udc00", true));
        ObjectNode content = SmallTokenizer.json();
        content.set("normalizer", TokenizerParts.replace("a", "\ud800"));
        ObjectNode pattern = SmallTokenizer.json();
        pattern.set("normalizer", TokenizerParts.replace("\ud800", "a"));
        return Stream.of(vocabulary, added, content, pattern);
    }

    @ParameterizedTest
    @MethodSource("furtherSurrogates")
    void halvesOfCharactersAreNamedWhereverTheyStand(ObjectNode json) {
        requireLine("half a character", json.toString());
    }

    @Test
    void unknownKeysThatSayNothingDoNoHarm() {
        ObjectNode json = SmallTokenizer.json();
        ((ObjectNode) json.get("decoder")).putNull("later").put("flag", false).putArray("list");
        ((ObjectNode) json.get("model")).put("text", "");
        try (Tokenizer tokenizer = Tokenizer.fromJson(json.toString(), TokenizerSettings.NONE)) {
            assertArrayEquals(new int[] {5}, tokenizer.encode("ab", false));
        }
        ((ObjectNode) json.get("model")).put("text", "x");
        requireLine("'model.text' is not known", json.toString());
    }

    /** An expression of no published model runs in a process of its own, and gives what it gives. */
    @Test
    void unknownExpressionsAreUsed() {
        ObjectNode json = SmallTokenizer.json();
        json.set("pre_tokenizer", TokenizerParts.split("a(?=b)"));
        try (Tokenizer tokenizer = Tokenizer.fromJson(json.toString(), TokenizerSettings.NONE)) {
            assertArrayEquals(new int[] {1, 3, 4, 2}, tokenizer.encode("ab", true));
            assertEquals("ab", tokenizer.decode(new int[] {3, 4}, true));
            assertArrayEquals(new int[] {3, 4, 3}, tokenizer.encode("aba", false));
        }
    }

    static Stream<String> expressions() {
        return Expressions.known().stream();
    }

    /**
     * Long runs of what each kind of step of an expression likes best, and of what then fails. One that goes back again and
     * again would end the process at 10 million steps.
     */
    @ParameterizedTest
    @MethodSource("expressions")
    void knownExpressionsTakeLongRunsOfTheirWorst(String expression) {
        StringBuilder worst = new StringBuilder();
        for (String unit : List.of(" ", "\n", "\r", " \n", "a", "A", "\u02b0", "1", "!", "'", "' ", "\u4e00", "aA")) {
            worst.append(unit.repeat(LONG_RUN / unit.length())).append('x');
        }
        try (Tokenizer tokenizer = Tokenizer.fromJson(byteLevel(expression).toString(), TokenizerSettings.NONE)) {
            assertEquals(
                    worst.toString().getBytes(StandardCharsets.UTF_8).length,
                    tokenizer.encode(worst.toString(), false).length);
        }
    }

    /** The product's own expressions. */
    static Stream<String> own() {
        return Stream.of(Expressions.LLAMA3, Expressions.QWEN2, Expressions.TEKKEN);
    }

    @ParameterizedTest
    @MethodSource("own")
    void ownExpressionsTakeAMegabyteOfBlanks(String expression) {
        try (Tokenizer tokenizer = Tokenizer.fromJson(byteLevel(expression).toString(), TokenizerSettings.NONE)) {
            assertEquals(MEGABYTE, tokenizer.encode(" ".repeat(MEGABYTE), false).length);
        }
    }

    /** Of 11 million blanks the library with LLaMA-3's expression gets no more than a megabyte at once. */
    @Test
    void longRunsAreCut() {
        TokenizerJson checked = TokenizerJson.check(byteLevel(Expressions.LLAMA3), "test");
        List<String> parts = new TextCuts(checked.written(), 4, "test").cut(" ".repeat(11_000_000) + "x");
        assertEquals(11_000_001, parts.stream().mapToInt(String::length).sum());
        assertTrue(parts.stream().allMatch(part -> part.length() <= MEGABYTE));
    }

    /** The parts of a long text have the ids of the whole. */
    @Test
    void cutsAreInvisible() throws IOException {
        String wiki =
                Files.readString(Shared.path("data/wikitext2/wiki.test.raw")).substring(0, 300_000);
        for (String model : List.of("models/smollm2-135m", "models/stories260K")) {
            ObjectNode json = Json.readObject(Shared.path(model).resolve("tokenizer.json"));
            TokenizerJson checked = TokenizerJson.check(json, model);
            try (TokenCodec whole = TokenizerNative.open(checked.written().toString(), model);
                    TokenCodec parts = checked.open()) {
                assertArrayEquals(whole.encode(wiki), parts.encode(wiki));
            }
            assertTrue(new TextCuts(checked.written(), 1, model).cut(wiki).size() > 3, model);
        }
    }

    private static ObjectNode byteLevel(String expression) {
        ObjectNode bpe = TokenizerParts.bpe();
        ObjectNode vocabulary = bpe.putObject("vocab");
        bpe.putArray("merges");
        // Printable bytes stand for themselves; the others, in their order, for what follows U+00FF.
        int further = 0;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > 32 && b < 127 || b > 160 && b != 173;
            vocabulary.put(Character.toString(printable ? b : 256 + further++), b);
        }
        ObjectNode json = TokenizerParts.document(bpe);
        json.set(
                "pre_tokenizer",
                TokenizerParts.sequence(
                        "pretokenizers",
                        List.of(TokenizerParts.split(expression), TokenizerParts.byteLevel(false, false))));
        return json;
    }

    private static void requireLine(String expected, String json) {
        Failure failure = assertThrows(Failure.class, () -> {
            try (Tokenizer tokenizer = Tokenizer.fromJson(json, TokenizerSettings.NONE)) {
                tokenizer.encode(WORST, true);
            }
        });
        assertTrue(failure.oneLine().contains(expected), failure.oneLine());
        assertEquals(1, failure.oneLine().lines().count());
    }
}
