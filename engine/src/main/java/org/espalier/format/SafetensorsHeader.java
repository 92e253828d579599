package org.espalier.format;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** The JSON at the front of a safetensors file, read token by token and checked against the bytes that follow it. */
final class SafetensorsHeader {

    static final String ADVICE = "the file is damaged or is not safetensors; fetch or write it again";

    private static final int MOST_AXES = 64;

    /** One tensor; {@code begin} and {@code end} count from the byte after the header. */
    record Entry(String name, DType type, Shape shape, long begin, long end) {}

    private final Path path;
    private final long dataBytes;
    private final SequencedMap<String, String> metadata = new LinkedHashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private final long[] numbers = new long[MOST_AXES];

    private SafetensorsHeader(Path path, long dataBytes) {
        this.path = path;
        this.dataBytes = dataBytes;
    }

    /**
     * Parses and checks a header.
     *
     * @param json      the header's bytes
     * @param dataBytes bytes of the file after the header
     */
    static SafetensorsHeader parse(Path path, byte[] json, long dataBytes) {
        SafetensorsHeader header = new SafetensorsHeader(path, dataBytes);
        if (json.length == 0 || json[0] != '{') {
            throw header.malformed("the header does not start with '{'");
        }
        try (JsonParser parser = Json.parser(json)) {
            parser.nextToken();
            header.readEntries(parser);
            if (parser.nextToken() != null) {
                throw header.malformed("something follows the header's closing brace");
            }
        } catch (IOException e) {
            throw Json.failure(e, path);
        }
        header.entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        header.requireNoHolesNoOverlap();
        return header;
    }

    /** The free-form metadata. */
    SequencedMap<String, String> metadata() {
        return metadata;
    }

    /** The tensors in the order in which they lie in the file. */
    List<Entry> entries() {
        return entries;
    }

    private void readEntries(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            require(parser.nextToken() == JsonToken.START_OBJECT, () -> Printable.quoted(name) + " is not an object");
            if (name.equals("__metadata__")) {
                readMetadata(parser);
            } else {
                entries.add(readEntry(parser, name));
            }
        }
    }

    private void readMetadata(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            require(
                    parser.nextToken() == JsonToken.VALUE_STRING,
                    () -> "metadata " + Printable.quoted(key) + " is not a string");
            metadata.put(key, parser.getText());
        }
    }

    private Entry readEntry(JsonParser parser, String name) throws IOException {
        String typeName = null;
        long[] dims = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (key) {
                case "dtype" -> {
                    require(
                            value == JsonToken.VALUE_STRING,
                            () -> "the dtype of " + Printable.quoted(name) + " is not a string");
                    typeName = parser.getText();
                }
                case "shape" -> dims = readNumbers(parser, "shape", name);
                case "data_offsets" -> offsets = readNumbers(parser, "data_offsets", name);
                default -> parser.skipChildren();
            }
        }
        require(
                typeName != null && dims != null && offsets != null,
                () -> "tensor " + Printable.quoted(name) + " lacks dtype, shape or data_offsets");
        return checkedEntry(name, typeName, dims, offsets);
    }

    private long[] readNumbers(JsonParser parser, String key, String name) throws IOException {
        require(
                parser.currentToken() == JsonToken.START_ARRAY,
                () -> key + " of " + Printable.quoted(name) + " is not an array");
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            require(
                    parser.currentToken() == JsonToken.VALUE_NUMBER_INT && parser.getLongValue() >= 0,
                    () -> key + " of " + Printable.quoted(name)
                            + " holds something that is not a whole number of at least 0");
            require(
                    count < MOST_AXES,
                    () -> key + " of " + Printable.quoted(name) + " has more than " + MOST_AXES + " numbers");
            numbers[count++] = parser.getLongValue();
        }
        return Arrays.copyOf(numbers, count);
    }

    private Entry checkedEntry(String name, String typeName, long[] dims, long[] offsets) {
        DType type = SafetensorsType.named(typeName);
        if (type == null) {
            throw new Failure(
                    "tensor " + Printable.quoted(name) + " has the type " + Printable.quoted(typeName)
                            + ", which cannot be read",
                    path.toString(),
                    "convert it to one of " + SafetensorsType.known());
        }
        require(
                offsets.length == 2 && offsets[0] <= offsets[1],
                () -> "tensor " + Printable.quoted(name) + " has data_offsets that are not [begin, end]");
        require(
                offsets[1] <= dataBytes,
                () -> "tensor " + Printable.quoted(name) + " ends at byte " + offsets[1] + " of " + dataBytes
                        + " bytes of data");
        Shape shape = shape(name, type, dims);
        long bytes = type.bytes(shape.elements());
        require(
                bytes == offsets[1] - offsets[0],
                () -> "tensor " + Printable.quoted(name) + " is " + type + " " + shape + ", " + bytes
                        + " bytes, but takes " + (offsets[1] - offsets[0]));
        return new Entry(name, type, shape, offsets[0], offsets[1]);
    }

    /** The shape, if it and its size in bytes are within what a long can count. */
    private Shape shape(String name, DType type, long[] dims) {
        try {
            Shape shape = Shape.of(dims);
            Math.multiplyExact(shape.elements(), (long) type.blockBytes());
            return shape;
        } catch (ArithmeticException e) {
            throw malformed("tensor " + Printable.quoted(name) + " has a shape whose size overflows: "
                    + Printable.quoted(Arrays.toString(dims)));
        }
    }

    private void requireNoHolesNoOverlap() {
        long end = 0;
        for (Entry entry : entries) {
            if (entry.begin() > end) {
                throw malformed("nothing says what lies before tensor " + Printable.quoted(entry.name()) + ", bytes "
                        + end + " to " + entry.begin());
            }
            if (entry.begin() < end) {
                throw malformed("tensor " + Printable.quoted(entry.name())
                        + " overlaps the one before it, which ends at byte " + end);
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw malformed("the tensors end at byte " + end + " of " + dataBytes + " bytes of data");
        }
    }

    private void require(boolean condition, Supplier<String> complaint) {
        if (!condition) {
            throw malformed(complaint.get());
        }
    }

    private Failure malformed(String complaint) {
        return new Failure(complaint, path.toString(), ADVICE);
    }
}
