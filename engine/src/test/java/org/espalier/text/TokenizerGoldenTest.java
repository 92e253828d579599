package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.espalier.Shared;
import org.espalier.eval.TextFormat;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ids are those of Hugging Face's own library, from every form that a tokenizer is stored in. */
class TokenizerGoldenTest {

    @Test
    void tokenizerJsonGivesTheGoldenIds() {
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/smollm2-135m"))) {
            requireGolden(tokenizer);
            assertEquals(49152, tokenizer.vocabularySize());
            assertEquals(List.of(2), tokenizer.eosIds());
            assertEquals(1, tokenizer.bosId().orElseThrow());
            assertTrue(tokenizer.chatTemplate().orElseThrow().contains("add_generation_prompt"));
        }
    }

    @Test
    void ggufVocabularyGivesTheGoldenIds() {
        Path file = Shared.path("models/smollm2-135m/smollm2-135m-instruct.Q4_1.gguf");
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            requireGolden(tokenizer);
            assertEquals(49152, tokenizer.vocabularySize());
            assertEquals(List.of(2), tokenizer.eosIds());
            assertEquals("<|im_start|>", tokenizer.bosToken().orElseThrow());
            assertTrue(tokenizer.chatTemplate().orElseThrow().contains("add_generation_prompt"));
        }
    }

    @Test
    void promptsGiveTheGoldenIds() {
        JsonNode prompts =
                Json.readObject(Shared.path("golden/smollm2/greedy.json")).get("prompts");
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/smollm2-135m"))) {
            for (JsonNode prompt : prompts) {
                String text = prompt.get("prompt").textValue();
                assertArrayEquals(ints(prompt.get("ids_in")), tokenizer.encode(text, true), text);
                assertEquals(prompt.get("text_out").textValue(), tokenizer.decode(ints(prompt.get("ids_out")), false));
            }
        }
    }

    @Test
    void wikiTextIsEncodedWholeAsOneString() {
        String text = TextFormat.WIKITEXT.read(Shared.path("data/wikitext2/wiki.test.raw"));
        requireStream("wikitext2_128", "models/smollm2-135m", text);
    }

    @Test
    void pennTreebankIsEncodedWhole() {
        String text = TextFormat.LINES.read(Shared.path("data/ptb/ptb.valid.txt"));
        requireStream("ptb_128", "models/smollm2-135m", text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K", "en10-tok105"})
    void storiesAreEncodedWhole(String model) throws IOException {
        requireStream(model, "models/" + model, Files.readString(Shared.path("data/tinystories/validation.txt")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K", "en10-tok105"})
    void sentencePieceGivesTheIdsOfTheJson(String model, @TempDir Path folder) throws IOException {
        Path source = Shared.path("models/" + model);
        String all = Files.readString(Shared.path("data/tinystories/validation.txt"));
        for (String name : List.of("tokenizer.model", "tokenizer_config.json", "generation_config.json")) {
            Files.copy(source.resolve(name), folder.resolve(name));
        }
        try (Tokenizer expected = Tokenizer.open(source);
                Tokenizer actual = Tokenizer.open(folder)) {
            assertEquals(expected.vocabularySize(), actual.vocabularySize());
            assertEquals(expected.eosIds(), actual.eosIds());
            assertEquals(expected.bosId(), actual.bosId());
            assertArrayEquals(expected.encode(all, true), actual.encode(all, true));
            for (String line : all.lines().toList()) {
                int[] ids = expected.encode(line, true);
                assertArrayEquals(ids, actual.encode(line, true), line);
                assertEquals(expected.decode(ids, true), actual.decode(ids, true), line);
            }
        }
    }

    @Test
    void sentencePieceMergesAreThoseOfTheJson() {
        Path model = Shared.path("models/stories260K");
        JsonNode expected = Json.readObject(model.resolve("tokenizer.json"));
        SentencePiece pieces = SentencePieceReader.read(model);
        JsonNode actual = SentencePieceJson.make(pieces, List.of(), List.of(), List.of(), "test");
        for (String section : List.of("added_tokens", "normalizer", "decoder", "model")) {
            assertTrue(expected.get(section).equals(actual.get(section)), section);
        }
    }

    private static void requireGolden(Tokenizer tokenizer) {
        JsonNode strings =
                Json.readObject(Shared.path("golden/smollm2/tokens.json")).get("strings");
        assertEquals(40, strings.size());
        for (JsonNode golden : strings) {
            String text = golden.get("text").textValue();
            for (boolean special : new boolean[] {true, false}) {
                assertArrayEquals(ints(golden.get("ids")), tokenizer.encode(text, special), text);
            }
            assertEquals(golden.get("decoded").textValue(), tokenizer.decode(ints(golden.get("ids")), false), text);
        }
    }

    private static void requireStream(String key, String model, String text) {
        JsonNode golden =
                Json.readObject(Shared.path("golden/smollm2/ppl.json")).get(key);
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path(model))) {
            int[] ids = tokenizer.encode(text, true);
            assertEquals(golden.get("n_ids").intValue(), ids.length);
            int[] first = ints(golden.get("first_ids"));
            assertArrayEquals(first, Arrays.copyOf(ids, first.length));
            assertEquals(golden.get("last_id").intValue(), ids[ids.length - 1]);
        }
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }
}
