package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed tokenizer is one clear line; the library that runs it never ends the process. */
class TokenizerMalformedTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String TEXT = "ab é<s> b\n  1x";

    @TempDir
    private Path folder;

    static Stream<Arguments> contradictions() {
        return Stream.of(
                change(
                        "unknown tokens in merges",
                        "merge 1 names or makes 'q'",
                        d -> merges(d).addArray().add("q").add("b")),
                change(
                        "merges that make no token",
                        "'ba'",
                        d -> merges(d).addArray().add("b").add("a")),
                change(
                        "merges of three",
                        "merge 1 does not name two",
                        d -> merges(d).add("a b ab")),
                change(
                        "merges of one",
                        "merge 1 does not name two",
                        d -> merges(d).add("ab")),
                change(
                        "a number as merge",
                        "merge 1 does not name two",
                        d -> merges(d).add(3)),
                change("no merges", "model.merges", d -> model(d).remove("merges")),
                change("no vocabulary", "model.vocab", d -> model(d).putObject("vocab")),
                change("no model", "model of the kind ''", d -> d.remove("model")),
                change("another model", "model of the kind 'WordPiece'", d -> model(d).put("type", "WordPiece")),
                change("an id twice", "have the same id 5", d -> vocab(d).put("x", 5)),
                change("a negative id", "has no id", d -> vocab(d).put("x", -1)),
                change("an id of 2^60", "has no id", d -> vocab(d).put("x", 1L << 60)),
                change("an id of 2^31 - 1", "has no id", d -> vocab(d).put("x", Integer.MAX_VALUE)),
                change("a fraction as id", "has no id", d -> vocab(d).put("x", 6.5)),
                change("an unknown token that is unknown", "model.unk_token", d -> model(d).put("unk_token", "x")),
                change("random ids", "model.dropout", d -> model(d).put("dropout", 0.1)),
                change("an added token with another id", "has the id 9 and", d -> added(d).put("id", 9)),
                change("an added token without content", "no content", d -> added(d).remove("content")),
                change("an added token without id", "has no id", d -> added(d).remove("id")),
                change(
                        "a template with an undefined token",
                        "which it does not define",
                        d -> ((ObjectNode) d.at("/post_processor/special_tokens")).remove("<s>")),
                change(
                        "a template with more ids than tokens",
                        "as many ids as tokens",
                        d -> ((ArrayNode) d.at("/post_processor/special_tokens/<s>/ids")).add(3)),
                change(
                        "another normaliser",
                        "normalizer of the kind 'Precompiled'",
                        d -> d.putObject("normalizer")
                                .put("type", "Precompiled")
                                .put("precompiled_charsmap", "AAAA")),
                change(
                        "another decoder",
                        "decoder of the kind 'CTC'",
                        d -> d.putObject("decoder").put("type", "CTC")),
                change(
                        "an expression that is none",
                        "cannot be opened",
                        d -> d.set("pre_tokenizer", TokenizerParts.split("(["))),
                change(
                        "an empty pattern",
                        "an empty pattern",
                        d -> d.set("normalizer", TokenizerParts.replace("", "x"))),
                change(
                        "a decoder that cuts the end",
                        "from the end",
                        d -> d.putObject("decoder")
                                .put("type", "Strip")
                                .put("content", "a")
                                .put("start", 0)
                                .put("stop", 9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("contradictions")
    void contradictionsAreNamed(String name, String expected, Consumer<ObjectNode> change) {
        ObjectNode json = SmallTokenizer.json();
        change.accept(json);
        requireLine(expected, () -> Tokenizer.fromJson(json.toString(), TokenizerSettings.NONE));
    }

    static Stream<Arguments> texts() {
        return Stream.of(
                Arguments.of("", "not a JSON object"),
                Arguments.of("[1]", "not a JSON object"),
                Arguments.of("{\"model\": ", "not valid JSON"),
                Arguments.of("{\"a\": 1} x", "not valid JSON"),
                Arguments.of("{\"a\": 1, \"a\": 2}", "Duplicate"),
                Arguments.of("{\"a\": " + "[".repeat(100_000), "nesting"),
                Arguments.of("{\"a\": " + "9".repeat(10_000) + "}", "not valid JSON"));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void textsThatAreNoTokenizerAreNamed(String text, String expected) {
        requireLine(expected, () -> Tokenizer.fromJson(text, TokenizerSettings.NONE));
    }

    @Test
    void everyTruncationIsRefused() {
        String json = SmallTokenizer.json().toString();
        for (int length = 0; length < json.length(); length++) {
            String part = json.substring(0, length);
            requireLine("", () -> Tokenizer.fromJson(part, TokenizerSettings.NONE));
        }
    }

    /** Every value of a tokenizer with many steps is put in place of every other kind of value. */
    @Test
    void anyValueInAnyPlaceIsUsedOrNamed() throws JsonProcessingException {
        ObjectNode json = manySteps();
        List<JsonNode> values = List.of(
                MAPPER.nullNode(),
                MAPPER.readTree("-1"),
                MAPPER.readTree("1152921504606846976"),
                MAPPER.readTree("4294967295"),
                MAPPER.readTree("0"),
                MAPPER.readTree("1e400"),
                MAPPER.readTree("true"),
                MAPPER.readTree("\"\""),
                MAPPER.readTree("\"é\""),
                MAPPER.readTree("\"ab\""),
                MAPPER.readTree("[]"),
                MAPPER.readTree("{}"),
                MAPPER.readTree("[[\"a\", 0.5]]"),
                MAPPER.readTree("{\"String\": \"a\"}"));
        List<JsonPointer> places = new ArrayList<>();
        collect(json, JsonPointer.empty(), places);
        assertTrue(places.size() > 150, () -> places.size() + " places");
        int used = 0;
        for (JsonPointer place : places) {
            for (JsonNode value : values) {
                ObjectNode changed = json.deepCopy();
                put(changed, place, value);
                used += usedOrNamed(() -> Tokenizer.fromJson(changed.toString(), TokenizerSettings.NONE)) ? 1 : 0;
            }
        }
        int refused = places.size() * values.size() - used;
        assertTrue(used > 100 && refused > 1000, used + " used, " + refused + " refused");
    }

    @Test
    void flippedBitsOfASentencePieceModelAreUsedOrNamed() throws IOException {
        byte[] file = SmallTokenizer.sentencePiece();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        for (int i = 0; i < 2000; i++) {
            byte[] flipped = file.clone();
            flipped[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(folder.resolve("tokenizer.model"), flipped);
            usedOrNamed(() -> Tokenizer.open(folder));
        }
        for (int i = 0; i < 500; i++) {
            Files.write(folder.resolve("tokenizer.model"), Arrays.copyOf(file, random.nextInt(file.length)));
            usedOrNamed(() -> Tokenizer.open(folder));
        }
    }

    static Stream<Arguments> models() {
        byte[] piece = SmallTokenizer.piece("a", 0, 1);
        return Stream.of(
                Arguments.of("empty", new byte[0], "it has no pieces"),
                Arguments.of("length beyond the file", new byte[] {10, 127, 1}, "127 bytes where 1 are left"),
                Arguments.of(
                        "length of 2^63",
                        new byte[] {10, -128, -128, -128, -128, -128, -128, -128, -128, -128, 1},
                        "9223372036854775808 bytes"),
                Arguments.of(
                        "endless number", new byte[] {10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, "ten bytes"),
                Arguments.of("no field", new byte[] {0}, "no field"),
                Arguments.of("unknown form", new byte[] {11}, "unknown form"),
                Arguments.of(
                        "not UTF-8", SmallTokenizer.field(1, SmallTokenizer.field(1, new byte[] {-1})), "not UTF-8"),
                Arguments.of(
                        "unknown type", SmallTokenizer.field(1, SmallTokenizer.piece("a", 0, 9)), "unknown type 9"),
                Arguments.of("no unknown piece", SmallTokenizer.field(1, piece), "what is unknown"),
                Arguments.of("piece twice", twice(SmallTokenizer.field(1, piece)), "'a' stands twice"),
                Arguments.of(
                        "score not finite", SmallTokenizer.field(1, SmallTokenizer.piece("a", Float.NaN, 1)), "score"),
                Arguments.of(
                        "word model", plus(SmallTokenizer.field(1, piece), 18, 2, 24, 3), "neither unigram nor BPE"),
                Arguments.of("character table", plus(SmallTokenizer.field(1, piece), 26, 3, 18, 1, 65), "by a table"),
                Arguments.of(
                        "huge piece",
                        SmallTokenizer.field(1, SmallTokenizer.piece("a".repeat(100_000), 0, 1)),
                        "100000 characters"),
                Arguments.of(
                        "some bytes only",
                        plus(
                                SmallTokenizer.field(1, SmallTokenizer.piece("<unk>", 0, 2)),
                                SmallTokenizer.field(1, SmallTokenizer.piece("<0x00>", 0, 6))),
                        "1 of the 256 bytes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void sentencePieceModelsThatAreNoneAreNamed(String name, byte[] file, String expected) throws IOException {
        Files.write(folder.resolve("tokenizer.model"), file);
        requireLine(expected, () -> Tokenizer.open(folder));
    }

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
        requireLine(expected, () -> Tokenizer.fromGguf(metadata));
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
        requireLine("is missing, but", () -> Tokenizer.fromGguf(metadata));
    }

    @Test
    void byteLevelGgufNeedsMergesThatFit() {
        Map<String, Object> metadata = new HashMap<>(Map.of(
                "tokenizer.ggml.model", "gpt2", "tokenizer.ggml.pre", "gpt-2", "tokenizer.ggml.tokens", new String[] {
                    "a", "b", "ab"
                }));
        requireLine("merges is missing", () -> Tokenizer.fromGguf(metadata));
        metadata.put("tokenizer.ggml.merges", new String[] {"a c"});
        requireLine("'c', which is not in the vocabulary", () -> Tokenizer.fromGguf(metadata));
        metadata.put("tokenizer.ggml.merges", new String[] {"a b"});
        try (Tokenizer tokenizer = Tokenizer.fromGguf(metadata)) {
            assertEquals(1, tokenizer.encode("ab", true).length);
        }
        metadata.put("tokenizer.ggml.tokens", new String[] {"a", "b", "ab", "a"});
        requireLine("'a' twice", () -> Tokenizer.fromGguf(metadata));
    }

    @Test
    void missingAndWrongFilesAreNamed() throws IOException {
        requireLine("no tokenizer", () -> Tokenizer.open(folder));
        requireLine("no tokenizer", () -> Tokenizer.open(folder.resolve("none")));
        Files.writeString(
                folder.resolve("tokenizer.json"), SmallTokenizer.json().toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": 3}");
        requireLine("bos_token is not a text", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": {}}");
        requireLine("chat_template is not a text", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"add_bos_token\": \"yes\"}");
        requireLine("add_bos_token is neither", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": [2, \"x\"]}");
        requireLine("eos_token_id is neither", () -> Tokenizer.open(folder));
    }

    private static boolean usedOrNamed(Supplier<Tokenizer> open) {
        try (Tokenizer tokenizer = open.get()) {
            tokenizer.decode(tokenizer.encode(TEXT, true), true);
            tokenizer.decode(tokenizer.encode("", false), false);
            tokenizer.decode(new int[] {5, 3, 259, 1}, false);
            return true;
        } catch (Failure e) {
            assertFalse(e.oneLine().lines().count() > 1);
            return false;
        }
    }

    private static void requireLine(String expected, Supplier<Tokenizer> open) {
        Failure failure = assertThrows(Failure.class, () -> open.get().close());
        String line = failure.oneLine();
        assertTrue(line.contains(expected), line);
        assertTrue(line.length() < 500 && line.lines().count() == 1, line);
    }

    private static ObjectNode manySteps() throws JsonProcessingException {
        ObjectNode json = SmallTokenizer.json();
        json.set("normalizer", MAPPER.readTree("""
                {"type": "Sequence", "normalizers": [{"type": "Strip", "strip_left": true, "strip_right": false},
                 {"type": "Prepend", "prepend": "b"}, {"type": "NFC"}, {"type": "StripAccents"}, {"type": "Lowercase"},
                 {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}"""));
        json.set("pre_tokenizer", MAPPER.readTree("""
                {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
                 {"type": "Split", "pattern": {"String": "b"}, "behavior": "Isolated", "invert": false},
                 {"type": "Punctuation", "behavior": "Contiguous"},
                 {"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "split": true},
                 {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}]}"""));
        json.set("decoder", MAPPER.readTree("""
                {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"},
                 {"type": "Strip", "content": " ", "start": 1, "stop": 0},
                 {"type": "Replace", "pattern": {"String": "_"}, "content": " "},
                 {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": true},
                 {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}]}"""));
        return json;
    }

    private static void collect(JsonNode node, JsonPointer at, List<JsonPointer> places) {
        if (node instanceof ObjectNode object) {
            object.properties().forEach(e -> visit(e.getValue(), at.appendProperty(e.getKey()), places));
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                visit(array.get(i), at.appendIndex(i), places);
            }
        }
    }

    private static void visit(JsonNode node, JsonPointer at, List<JsonPointer> places) {
        places.add(at);
        collect(node, at, places);
    }

    private static void put(ObjectNode root, JsonPointer place, JsonNode value) {
        JsonNode parent = root.at(place.head());
        if (parent instanceof ArrayNode array) {
            array.set(place.last().getMatchingIndex(), value);
        } else {
            ((ObjectNode) parent).set(place.last().getMatchingProperty(), value);
        }
    }

    private static Arguments change(String name, String expected, Consumer<ObjectNode> change) {
        return Arguments.of(name, expected, change);
    }

    private static ObjectNode model(ObjectNode json) {
        return (ObjectNode) json.get("model");
    }

    private static ObjectNode vocab(ObjectNode json) {
        return (ObjectNode) model(json).get("vocab");
    }

    private static ArrayNode merges(ObjectNode json) {
        return (ArrayNode) model(json).get("merges");
    }

    private static ObjectNode added(ObjectNode json) {
        return (ObjectNode) json.get("added_tokens").get(1);
    }

    private static byte[] twice(byte[] bytes) {
        return plus(bytes, bytes);
    }

    private static byte[] plus(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] plus(byte[] first, int... rest) {
        byte[] bytes = new byte[rest.length];
        for (int i = 0; i < rest.length; i++) {
            bytes[i] = (byte) rest[i];
        }
        return plus(first, bytes);
    }
}
