package org.espalier.file;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.espalier.error.Failure;

/** JSON files from strangers: bounded in size, nesting, names, strings and numbers; no key twice; errors with their place. */
public final class Json {

    /** The largest JSON file that is read whole: the indices and tokenizers of the largest models are below it. */
    public static final long LARGEST_FILE = 128L << 20;

    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxNameLength(1 << 14)
                    .maxNumberLength(100)
                    .maxStringLength(1 << 24)
                    .maxDocumentLength(LARGEST_FILE)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();
    private static final ObjectMapper MAPPER = new ObjectMapper(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT);
    private static final ObjectReader VALUES = MAPPER.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final ObjectMapper WHOLE_NUMBERS = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();

    private Json() {}

    /** A parser of UTF-8 and nothing else: bytes that are not valid UTF-8 end in an exception. */
    public static JsonParser parser(byte[] utf8) throws IOException {
        return FACTORY.createParser(
                new InputStreamReader(new ByteArrayInputStream(utf8), StandardCharsets.UTF_8.newDecoder()));
    }

    /** What the bounded readers and the writers of this room are made from. */
    public static JsonFactory factory() {
        return FACTORY;
    }

    /** The value at which a parser stands; more may follow. */
    static JsonNode value(JsonParser parser) throws IOException {
        return VALUES.readTree(parser);
    }

    /** The value that a parser has, after which nothing may follow. */
    public static JsonNode only(JsonParser parser) throws IOException {
        return MAPPER.readValue(parser, JsonNode.class);
    }

    /** A new, empty object. */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /**
     * Reads the JSON object in a file.
     *
     * @throws Failure if it is missing, too large, not JSON or not an object
     */
    public static ObjectNode readObject(Path path) {
        byte[] bytes = readFile(path, LARGEST_FILE);
        FileKind.requireText(bytes, path);
        try (JsonParser parser = parser(ByteOrderMark.skipped(bytes))) {
            JsonNode node = only(parser);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new Failure("not a JSON object", path.toString(), "the file must start with '{'; write it again");
        } catch (IOException e) {
            throw failure(e, path);
        }
    }

    /**
     * Arrays of whole numbers, or arrays of such arrays: nothing that only resembles one is rounded or converted, and nothing
     * may follow.
     *
     * @param text JSON
     * @throws JsonProcessingException if it is something else
     */
    public static <T> T readWholeNumbers(String text, Class<T> type) throws JsonProcessingException {
        return WHOLE_NUMBERS.readValue(text, type);
    }

    /** {@code node} as indented UTF-8 text with a newline at the end. */
    public static byte[] toBytes(JsonNode node) {
        try {
            byte[] text = MAPPER.writeValueAsBytes(node);
            byte[] line = Arrays.copyOf(text, text.length + 1);
            line[text.length] = '\n';
            return line;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree could not be written", e);
        }
    }

    /** Why JSON was no record of the wanted kind, in one line: what the record itself said where it refused. */
    public static String reason(JsonProcessingException e) {
        String message = e instanceof ValueInstantiationException && e.getCause() != null
                ? e.getCause().getMessage()
                : e.getOriginalMessage();
        return String.valueOf(message).lines().findFirst().orElse("unreadable");
    }

    /** The bytes of a file of at most {@code limit} bytes. */
    public static byte[] readFile(Path path, long limit) {
        try {
            long size = Files.size(path);
            if (size > limit) {
                throw new Failure(
                        "file has " + size + " bytes, more than the " + limit + " that such a file may have",
                        path.toString(),
                        "check that it is the right file");
            }
            return Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw new Failure("no such file", path.toString(), "check the path", e);
        } catch (IOException e) {
            throw new Failure(
                    "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
        }
    }

    /** What a parser found wrong in {@code path}, as one line with the line and column. */
    public static Failure failure(IOException e, Path path) {
        if (e instanceof CharacterCodingException) {
            return new Failure("not valid UTF-8", path.toString(), "fetch or write the file again", e);
        }
        if (!(e instanceof JacksonException jackson)) {
            return new Failure("file cannot be read: " + e.getMessage(), path.toString(), "check the file", e);
        }
        JsonLocation location = Objects.requireNonNullElse(jackson.getLocation(), JsonLocation.NA);
        String place = location == JsonLocation.NA
                ? ""
                : ", line " + location.getLineNr() + ", column " + location.getColumnNr();
        return new Failure("not valid JSON: " + complaint(jackson), path + place, "fetch or write the file again", e);
    }

    /** What a parser found wrong, in a line of bounded length. */
    static String complaint(JacksonException e) {
        String message = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
        return message.length() > 160 ? message.substring(0, 160) + "…" : message;
    }
}
