package org.espalier.text;

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
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed {@code tokenizer.json} is one clear line; the library that runs it never ends the process. */
class TokenizerJsonMalformedTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

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
        MalformedTokenizers.requireLine(expected, () -> Tokenizer.fromJson(json.toString(), TokenizerSettings.NONE));
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
        MalformedTokenizers.requireLine(expected, () -> Tokenizer.fromJson(text, TokenizerSettings.NONE));
    }

    @Test
    void everyTruncationIsRefused() {
        String json = SmallTokenizer.json().toString();
        for (int length = 0; length < json.length(); length++) {
            String part = json.substring(0, length);
            MalformedTokenizers.requireLine("", () -> Tokenizer.fromJson(part, TokenizerSettings.NONE));
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
                used += MalformedTokenizers.usedOrNamed(
                                () -> Tokenizer.fromJson(changed.toString(), TokenizerSettings.NONE))
                        ? 1
                        : 0;
            }
        }
        int refused = places.size() * values.size() - used;
        assertTrue(used > 100 && refused > 1000, used + " used, " + refused + " refused");
    }

    @Test
    void missingAndWrongFilesAreNamed() throws IOException {
        MalformedTokenizers.requireLine("no tokenizer", () -> Tokenizer.open(folder));
        MalformedTokenizers.requireLine("no tokenizer", () -> Tokenizer.open(folder.resolve("none")));
        Files.writeString(
                folder.resolve("tokenizer.json"), SmallTokenizer.json().toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": 3}");
        MalformedTokenizers.requireLine("bos_token is not a text", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": {}}");
        MalformedTokenizers.requireLine("chat_template is not a text", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"add_bos_token\": \"yes\"}");
        MalformedTokenizers.requireLine("add_bos_token is neither", () -> Tokenizer.open(folder));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": [2, \"x\"]}");
        MalformedTokenizers.requireLine("eos_token_id is neither", () -> Tokenizer.open(folder));
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
}
