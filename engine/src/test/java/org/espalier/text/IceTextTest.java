package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of ChatGLM-6B's tokenizer, as its published code states them, around a vocabulary of 256 pieces. */
class IceTextTest {

    private static final int MASK = 251;
    private static final int BEGIN = 254;
    private static final int END = 255;
    private static final String LEARNT = "there the then this her with and the hand";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        write(2);
    }

    private void write(int kind) throws IOException {
        Files.write(folder.resolve("ice_text.model"), SmallTokenizer.iceText(LEARNT, kind));
        config("\"num_image_tokens\": 0");
    }

    private void config(String more) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": "<sop>", "eos_token": "<eop>", "end_token": "</s>", "gmask_token": "[gMASK]",
                 "mask_token": "[MASK]", "pad_token": "<pad>", "unk_token": "<unk>", "remove_space": false,
                 "do_lower_case": false, "tokenizer_class": "ChatGLMTokenizer", %s}
                """.formatted(more));
    }

    /** Tokens of a text as the vocabulary writes them, {@code |} between two. */
    private static String pieces(Tokenizer tokenizer, String text) {
        return IntStream.of(tokenizer.encode(text, false))
                .mapToObj(id -> name(tokenizer, id))
                .collect(Collectors.joining("|"));
    }

    private static String name(Tokenizer tokenizer, int id) {
        return IntStream.rangeClosed(2, 80)
                .mapToObj(blank -> "<|blank_" + blank + "|>")
                .filter(blank -> tokenizer.id(blank).orElse(-1) == id)
                .findFirst()
                .orElseGet(() -> List.of("<n>", "<|tab|>", "[gMASK]", "<sop>", "<eop>", "▁").stream()
                        .filter(token -> tokenizer.id(token).orElse(-1) == id)
                        .findFirst()
                        .orElseGet(() ->
                                tokenizer.decode(new int[] {tokenizer.id("▁").getAsInt(), id}, false)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void lineFeedsTabsAndRunsOfSpacesAreTokens(int kind) throws IOException {
        write(kind);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertEquals("▁|x|<n>|<|tab|>|y|<|blank_3|>|z", pieces(tokenizer, "x\n\ty   z"));
            assertEquals("▁|<|blank_80|>|<|blank_2|>|x", pieces(tokenizer, " ".repeat(82) + "x"));
            assertEquals("▁|<|blank_80|>|▁|x", pieces(tokenizer, " ".repeat(81) + "x"));
            assertEquals("▁|<n>|x", pieces(tokenizer, "\nx"), "a space before a line feed as well");
            assertEquals("▁|x", pieces(tokenizer, " x "), "spaces at the ends are dropped");
            assertEquals("", pieces(tokenizer, " "));
            for (String text : List.of("x\n\ty   z", "then\n\n\tthe hand", "a" + " ".repeat(163) + "b", "")) {
                assertEquals(text, tokenizer.decode(tokenizer.encode(text, false), true));
            }
        }
    }

    /** As the published model turns wide characters into narrow ones. */
    @Test
    void charactersAreNormalisedByTheModelsTable() throws IOException {
        Files.write(folder.resolve("ice_text.model"), SmallTokenizer.normalised(SmallTokenizer.iceText(LEARNT, 2)));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertEquals("▁|A|,|<n>|x", pieces(tokenizer, "Ａ，\n\u3000ｘ").replace("|▁|x", "|x"));
            assertEquals("▁|x", pieces(tokenizer, "\u3000ｘ\u3000"), "wide spaces at the ends");
        }
    }

    @Test
    void aTextAsksForAnAnswer() {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            int[] text = tokenizer.encode("the hand", false);
            int[] asking = Arrays.copyOf(text, text.length + 2);
            asking[text.length] = MASK;
            asking[text.length + 1] = BEGIN;
            assertArrayEquals(asking, tokenizer.encode("the hand", true));
            assertArrayEquals(asking, tokenizer.encode("the hand[gMASK]<sop>", false), "written in the text");
            assertEquals("[gMASK]|<sop>|▁|x", pieces(tokenizer, "[gMASK]<sop>x"), "each part has its space");
            int[] read = tokenizer.encodeRead("the hand");
            assertArrayEquals(new int[] {MASK, BEGIN}, Arrays.copyOf(read, 2));
            assertArrayEquals(text, Arrays.copyOfRange(read, 2, read.length));
            assertEquals(List.of(END), tokenizer.eosIds());
            assertEquals("the hand", tokenizer.decode(asking, true), "special tokens are left out");
        }
    }

    @Test
    void conversationsAreWrittenInRounds() {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            ChatTemplate template = ChatTemplate.of(tokenizer, folder);
            List<ChatTemplate.Message> two = List.of(
                    new ChatTemplate.Message("user", "a"),
                    new ChatTemplate.Message("assistant", "b"),
                    new ChatTemplate.Message("user", "c"));
            assertEquals("a[gMASK]<sop>", template.render(two.subList(0, 1), true));
            assertEquals("[Round 0]\n问：a\n答：b\n[Round 1]\n问：c\n答：[gMASK]<sop>", template.render(two, true));
            ChatTemplate.Written learnt = template.write(two.subList(0, 2), false);
            assertEquals("a[gMASK]<sop>b<eop>", learnt.text());
            assertEquals(List.of(new ChatTemplate.Span(13, 19)), learnt.answers());
            Failure refused = assertThrows(
                    Failure.class, () -> template.render(List.of(new ChatTemplate.Message("system", "a")), true));
            assertTrue(refused.getMessage().contains("by turns"), refused::getMessage);
        }
    }

    /** The first files of the model have ids of images before those of the pieces. */
    @Test
    void idsOfImagesComeFirst() throws IOException {
        int[] plain;
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            plain = tokenizer.encode("then\nx", true);
        }
        config("\"num_image_tokens\": 300");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            int[] shifted = tokenizer.encode("then\nx", true);
            assertArrayEquals(IntStream.of(plain).map(id -> id + 300).toArray(), shifted);
            assertEquals("then\nx", tokenizer.decode(shifted, true));
            assertEquals(300 + 256, tokenizer.vocabularySize());
        }
        config("\"num_image_tokens\": -1");
        assertThrows(Failure.class, () -> Tokenizer.open(folder));
        config("\"num_image_tokens\": 0, \"lower_all\": true");
        assertThrows(Failure.class, () -> Tokenizer.open(folder), "a rule that nobody knows");
    }

    @Test
    void anotherVocabularyIsRefused() throws IOException {
        Files.write(folder.resolve("ice_text.model"), SmallTokenizer.sentencePiece(2));
        Failure refused = assertThrows(Failure.class, () -> Tokenizer.open(folder));
        assertTrue(refused.getMessage().contains("[gMASK]"), refused::getMessage);
        Files.write(folder.resolve("ice_text.model"), "no such file".getBytes(StandardCharsets.UTF_8));
        assertThrows(Failure.class, () -> Tokenizer.open(folder));
    }
}
