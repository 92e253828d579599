package org.espalier.file;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.espalier.error.Failure;

/** JSON objects in a file: those of an array, or else one a line. */
public final class JsonRecords {

    private static final String ADVICE = "write a JSON object there";

    private final Path path;
    private final Consumer<Failure> broken;
    private final Sink found;
    /** Bytes read before the record that is looked at. */
    private long offset;

    /**
     * One of them.
     *
     * @param object what it is
     * @param place  the file, and the line in it where the object begins
     */
    public record Entry(ObjectNode object, String place) {}

    /** Gets what is found, in order. */
    @FunctionalInterface
    interface Sink {
        /** A record whose first byte is at an offset in the file; before it may stand white space or a byte order mark. */
        void accept(Entry entry, long offset);
    }

    private JsonRecords(Path path, Consumer<Failure> broken, Sink found) {
        this.path = path;
        this.broken = broken;
        this.found = found;
    }

    /**
     * Reads a file.
     *
     * @param broken gets what is wrong with a record, which is left out if this returns. What is wrong with the array as a
     *               whole is thrown all the same: nothing says where its next record begins.
     * @throws Failure if the file is missing, no text, or too large for an array
     */
    public static List<Entry> read(Path path, Consumer<Failure> broken) {
        List<Entry> entries = new ArrayList<>();
        scan(path, broken, (entry, _) -> entries.add(entry));
        return entries;
    }

    /** As above, without keeping anything. */
    static void scan(Path path, Consumer<Failure> broken, Sink found) {
        TextFile.requireFile(path, "name a file with JSON objects");
        JsonRecords records = new JsonRecords(path, broken, found);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
            FileKind.requireText(path);
            if (first(in) == '[') {
                records.array(records.whole(in));
            } else {
                records.lines(in);
            }
        } catch (IOException e) {
            throw Json.failure(e, path);
        }
    }

    /** The first byte that is no white space, after which the stream stands at its start again. */
    private static int first(InputStream in) throws IOException {
        in.mark(1 << 12);
        byte[] start = ByteOrderMark.skipped(in.readNBytes(1 << 12));
        in.reset();
        for (byte b : start) {
            if (!Character.isWhitespace(b)) {
                return b;
            }
        }
        return -1;
    }

    private byte[] whole(InputStream in) throws IOException {
        byte[] bytes = in.readNBytes((int) Json.LARGEST_FILE + 1);
        if (bytes.length > Json.LARGEST_FILE) {
            throw new Failure(
                    "the array has more than " + Json.LARGEST_FILE + " bytes",
                    path.toString(),
                    "write an object a line");
        }
        return bytes;
    }

    private void array(byte[] bytes) throws IOException {
        byte[] utf8 = ByteOrderMark.skipped(bytes);
        int mark = bytes.length - utf8.length;
        Utf8Position position = new Utf8Position(utf8);
        try (JsonParser parser = Json.parser(utf8)) {
            parser.nextToken();
            for (int entry = 1; parser.nextToken() != JsonToken.END_ARRAY; entry++) {
                String place = place(parser.currentTokenLocation().getLineNr()) + ", entry " + entry;
                offset = (long) mark
                        + position.ofChar(parser.currentTokenLocation().getCharOffset());
                add(Json.value(parser), place);
            }
            if (parser.nextToken() != null) {
                throw new Failure(
                        "something follows the array",
                        place(parser.currentTokenLocation().getLineNr()),
                        ADVICE);
            }
        }
    }

    private void lines(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int number = 1;
        int before = -1;
        long read = 0;
        for (int b = in.read(); b >= 0; before = b, b = in.read()) {
            read++;
            if (b == '\n' && before == '\r') {
                offset = read;
                continue;
            }
            if (b == '\n' || b == '\r') {
                line(line.toByteArray(), number++);
                line.reset();
                offset = read;
            } else if (line.size() < Json.LARGEST_FILE) {
                line.write(b);
            } else {
                throw new Failure("a line is longer than " + Json.LARGEST_FILE + " bytes", place(number), ADVICE);
            }
        }
        line(line.toByteArray(), number);
    }

    private void line(byte[] bytes, int number) throws IOException {
        byte[] utf8 = number == 1 ? ByteOrderMark.skipped(bytes) : bytes;
        try (JsonParser parser = Json.parser(utf8)) {
            if (parser.nextToken() == null) {
                return;
            }
            JsonNode node = Json.value(parser);
            if (parser.nextToken() != null) {
                broken.accept(
                        new Failure("something follows the JSON object", place(number), "write one on each line"));
            } else {
                add(node, place(number));
            }
        } catch (JacksonException e) {
            broken.accept(new Failure(
                    "not valid JSON: " + Json.complaint(e), place(number), "write a JSON object on each line", e));
        } catch (CharacterCodingException e) {
            broken.accept(new Failure("not valid UTF-8", place(number), "convert it to UTF-8", e));
        }
    }

    private void add(JsonNode node, String place) {
        if (node instanceof ObjectNode object) {
            found.accept(new Entry(object, place), offset);
        } else {
            broken.accept(new Failure("not a JSON object", place, ADVICE));
        }
    }

    private String place(int line) {
        return path + ", line " + line;
    }
}
