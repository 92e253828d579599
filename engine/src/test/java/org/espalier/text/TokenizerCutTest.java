package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.ModelContent;
import org.espalier.plan.TokenChoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left of a tokenizer reads texts as the whole one does, as far as its tokens go, and loses none. */
class TokenizerCutTest {

    private static final int TEXTS = 10_000;

    /** Of a text in which tokens are counted. */
    private static final int COUNTED = 200_000;

    @TempDir
    private Path folder;

    @Test
    void byteLevelTokenizersLoseNoText() throws IOException {
        Path model = Shared.path("models/smollm2-135m");
        assertReads(model, "data/tinystories/validation.txt", TEXTS, 2_000);
    }

    /** As Llama 3's, whose words are looked up whole before anything is merged. */
    @Test
    void wordsThatAreLookedUpWholeStayWhole() throws IOException {
        ObjectNode json = Json.readObject(Shared.path("models/smollm2-135m/tokenizer.json"));
        ((ObjectNode) json.get("model")).put("ignore_merges", true);
        Path model = Files.createDirectory(folder.resolve("whole"));
        Files.write(model.resolve("tokenizer.json"), Json.toBytes(json));
        Files.writeString(model.resolve("config.json"), "{}");
        assertReads(model, "data/tinystories/validation.txt", TEXTS / 10, 2_000);
    }

    @Test
    void tokenizersThatFallBackOnBytesLoseNoText() throws IOException {
        assertReads(Shared.path("models/stories260K"), "data/tinystories/validation.txt", TEXTS / 10, 330);
    }

    @ParameterizedTest
    @CsvSource({"bloom, 300", "gemma, 400", "phi3, 400"})
    void pipelinesOfFamiliesLoseNoText(String family, int size) throws IOException {
        Path model = Files.createDirectory(folder.resolve(family));
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Golden.resource("tokenizers/" + family).resolve(name), model.resolve(name));
        }
        Files.writeString(model.resolve("config.json"), "{}");
        assertReads(model, "data/tinystories/validation.txt", TEXTS / 10, size);
    }

    @Test
    void sentencePiecesLoseNoText() throws IOException {
        Path model = Files.createDirectory(folder.resolve("pieces"));
        Files.copy(Shared.path("models/stories260K/tokenizer.model"), model.resolve("tokenizer.model"));
        Files.writeString(model.resolve("config.json"), "{\"bos_token_id\":1,\"eos_token_id\":2}");
        assertReads(model, "data/tinystories/validation.txt", TEXTS / 10, 330);
    }

    @Test
    void unigramPiecesLoseNoText() throws IOException {
        Path model = Files.createDirectory(folder.resolve("unigram"));
        Files.write(model.resolve("tokenizer.model"), SmallTokenizer.sentencePiece(1));
        Files.writeString(model.resolve("config.json"), "{}");
        try (Checkpoint checkpoint = Checkpoints.describe(model)) {
            TokenizerCut cut = TokenizerCut.of(model, checkpoint);
            int[] kept = IntStream.range(0, 263).filter(id -> id != 260).toArray();
            Path left = write(cut.files(kept), "left");
            try (Tokenizer whole = Tokenizer.open(model);
                    Tokenizer smaller = Tokenizer.open(left)) {
                assertEquals("aab b\u00E9", smaller.decode(smaller.encode("aab b\u00E9", false), true));
                assertArrayEquals(renumbered(whole.encode("abb", false), kept), smaller.encode("abb", false));
            }
        }
    }

    private void assertReads(Path model, String file, int texts, int size) throws IOException {
        String story = part(Files.readString(Shared.path(file)), 0, COUNTED);
        try (Checkpoint checkpoint = Checkpoints.describe(model);
                Tokenizer whole = Tokenizer.open(model)) {
            TokenizerCut cut = TokenizerCut.of(model, checkpoint);
            long[] uses = new long[whole.vocabularySize()];
            Arrays.stream(whole.encode(story, false)).forEach(id -> uses[id]++);
            BitSet chosen = new TokenChoice(uses, cut.required(), cut::parts).mostUsed(size);
            int[] kept = chosen.stream().toArray();
            assertEquals(size, kept.length);
            try (Tokenizer smaller = Tokenizer.open(write(cut.files(kept), "left"))) {
                assertEquals(size, smaller.vocabularySize());
                assertSame(whole, smaller, kept, texts(story, texts));
            }
        }
    }

    private static void assertSame(Tokenizer whole, Tokenizer smaller, int[] kept, List<String> texts) {
        int same = 0;
        int other = 0;
        for (String text : texts) {
            int[] ids = whole.encode(text, true);
            int[] left = smaller.encode(text, true);
            int[] renumbered = renumbered(ids, kept);
            if (Arrays.stream(renumbered).allMatch(id -> id >= 0)) {
                assertArrayEquals(renumbered, left, text);
                same++;
            } else {
                assertEquals(whole.decode(ids, true), smaller.decode(left, true));
                other++;
            }
        }
        assertTrue(same > texts.size() / 10 && other > texts.size() / 10, same + " as before, " + other + " otherwise");
    }

    private static int[] renumbered(int[] ids, int[] kept) {
        return Arrays.stream(ids).map(id -> VocabularyFile.renumbered(kept, id)).toArray();
    }

    /** Words that the kept tokens are of, other words, and bytes that are no text at all. */
    private static List<String> texts(String story, int count) {
        Random random = new Random(7);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = 1 + random.nextInt(60);
            texts.add(
                    switch (i % 4) {
                        case 0 -> part(story, random.nextInt(story.length()), 1 + length / 4);
                        case 1 -> part(story, random.nextInt(story.length()), length);
                        case 2 -> bytes(random, length);
                        default -> letters(random, length);
                    });
        }
        return texts;
    }

    private static String part(String text, int start, int length) {
        return text.substring(start, Math.min(text.length(), start + length));
    }

    private static String bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Of many scripts, with spaces and line feeds between. */
    private static String letters(Random random, int length) {
        int script = random.nextInt(0x3000);
        return random.ints(length)
                .map(i -> (i & 7) == 0 ? ' ' : (i & 63) == 1 ? '\n' : 0x21 + script + (i >>> 8 & 0x3f))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    @Test
    void idsOfTemplatesAndConfigurationsAreRenumbered() throws IOException {
        Path model = Files.createDirectory(folder.resolve("small"));
        Files.write(model.resolve("tokenizer.json"), Json.toBytes(withEndBehindTheOthers()));
        Files.writeString(model.resolve("vocab.json"), "{}");
        Files.writeString(model.resolve("merges.txt"), "");
        Files.writeString(
                model.resolve("config.json"), "{\"eos_token_id\":[2,7],\"pad_token_id\":-1,\"vocab_size\":7}");
        Files.writeString(
                model.resolve("generation_config.json"), "{\"eos_token_id\":7,\"bad_words_ids\":[[3,7]],\"top_k\":7}");
        Files.writeString(
                model.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\":{\"7\":{\"content\":\"<end>\"}}}");
        Files.writeString(model.resolve("added_tokens.json"), "{\"<end>\":7}");
        try (Checkpoint checkpoint = Checkpoints.describe(model)) {
            TokenizerCut cut = TokenizerCut.of(model, checkpoint);
            assertEquals("{0, 1, 2, 3, 4, 7}", cut.required().toString());
            assertArrayEquals(new int[] {5}, cut.parts(6));
            ModelContent whole = ModelContent.of((ObjectNode) checkpoint.config(), List.of());
            ModelContent left = cut.beside(whole, 9, 0, 1, 2, 3, 4, 5, 7, 8);
            assertEquals(
                    "{\"eos_token_id\":[2,6],\"pad_token_id\":-1,\"vocab_size\":7}",
                    left.config().toString());
            assertFile("{\"eos_token_id\":6,\"bad_words_ids\":[[3,6]],\"top_k\":7}", left, "generation_config.json");
            assertFile("{\"added_tokens_decoder\":{\"6\":{\"content\":\"<end>\"}}}", left, "tokenizer_config.json");
            assertFile("{\"<end>\":6}", left, "added_tokens.json");
            assertFile("{\"<unk>\":0,\"<s>\":1,\"</s>\":2,\"a\":3,\"b\":4,\"ab\":5}", left, "vocab.json");
            assertFile("#version: 0.2\na b", left, "merges.txt");
            try (Tokenizer smaller = Tokenizer.open(write(left.files(), "left"))) {
                assertArrayEquals(new int[] {1, 5, 5, 6}, smaller.encode("abab", true));
                assertEquals(List.of(6), smaller.eosIds());
            }
            String[] tokens = (String[]) left.gguf().get().get("tokenizer.ggml.tokens");
            assertEquals("[<unk>, <s>, </s>, a, b, ab, <end>]", Arrays.toString(tokens));
            Failure missing = assertThrows(Failure.class, () -> cut.beside(whole, 9, 0, 1, 2, 3, 4, 6, 7));
            assertTrue(missing.oneLine().startsWith("token 5 cannot go, because tokens that stay"), missing.oneLine());
            Failure required = assertThrows(Failure.class, () -> cut.beside(whole, 9, 0, 1, 2, 3, 4, 5));
            assertTrue(required.oneLine().startsWith("token 7 cannot go, because texts"), required.oneLine());
        }
    }

    /** {@code <unk> <s> </s> a b ab abab <end>}, where a text ends with the last. */
    private static ObjectNode withEndBehindTheOthers() {
        ObjectNode json = SmallTokenizer.json();
        ObjectNode model = (ObjectNode) json.get("model");
        ((ObjectNode) model.get("vocab")).put("abab", 6);
        model.withArray("merges").addArray().add("ab").add("ab");
        json.withArray("added_tokens").add(TokenizerParts.addedToken(7, "<end>", true));
        json.set(
                "post_processor",
                TokenizerParts.template(
                        List.of(new TokenizerParts.Special("<s>", 1)),
                        List.of(new TokenizerParts.Special("<end>", 7))));
        json.set("pre_tokenizer", TokenizerParts.byteLevel(false, true));
        return json;
    }

    private static void assertFile(String expected, ModelContent content, String name) {
        String file = new String(content.files().get(name), StandardCharsets.UTF_8);
        assertEquals(
                expected,
                name.endsWith(".json") ? TokenizerJson.parse(file, name).toString() : file.strip());
    }

    private Path write(Map<String, byte[]> files, String name) throws IOException {
        Path left = Files.createDirectory(folder.resolve(name));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(left.resolve(file.getKey()), file.getValue());
        }
        return left;
    }
}
