package org.espalier.file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.espalier.error.Failure;
import org.espalier.file.JsonRecords.Entry;

/** JSON objects in a file, those of an array or one a line, each read when it is asked for: only their places are kept. */
public final class JsonRecordFile implements AutoCloseable {

    private final Path path;
    private final Optional<MappedFile> file;
    private final OffsetTable starts = new OffsetTable();

    private JsonRecordFile(Path path, Optional<MappedFile> file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Goes through a file once and checks its records.
     *
     * @param broken as for {@link JsonRecords#read}
     * @param kept   whether a record is one of those that are kept
     */
    public static JsonRecordFile open(Path path, Consumer<Failure> broken, Predicate<Entry> kept) {
        JsonRecordFile records = new JsonRecordFile(path, MappedFile.unlessEmpty(path));
        try {
            JsonRecords.scan(path, broken, (entry, offset) -> {
                if (kept.test(entry)) {
                    records.starts.add(offset);
                }
            });
            return records;
        } catch (RuntimeException | Error e) {
            records.close();
            throw e;
        }
    }

    /** How many are kept. */
    public int size() {
        return starts.size();
    }

    /** Record {@code index} of those that are kept. */
    public ObjectNode get(int index) {
        MappedFile mapped = file.orElseThrow();
        long start = starts.get(index);
        long end = index + 1 < size() ? starts.get(index + 1) : mapped.size();
        try (JsonParser parser = Json.parser(firstObject(mapped.segment().asSlice(start, end - start)))) {
            parser.nextToken();
            if (Json.value(parser) instanceof ObjectNode object) {
                return object;
            }
        } catch (IOException e) {
            throw changed(index, e);
        }
        throw changed(index, null);
    }

    /** A record without what stands around it: a byte order mark, white space, lines that were left out. */
    private static byte[] firstObject(MemorySegment bytes) {
        long start = 0;
        while (start < bytes.byteSize() && bytes.get(ValueLayout.JAVA_BYTE, start) != '{') {
            start++;
        }
        int depth = 0;
        boolean quoted = false;
        for (long i = start; i < bytes.byteSize(); i++) {
            byte b = bytes.get(ValueLayout.JAVA_BYTE, i);
            if (b == '"') {
                quoted = !quoted;
            } else if (quoted) {
                i += b == '\\' ? 1 : 0;
            } else if (b == '{') {
                depth++;
            } else if (b == '}' && --depth == 0) {
                return bytes.asSlice(start, i + 1 - start).toArray(ValueLayout.JAVA_BYTE);
            }
        }
        return new byte[0];
    }

    private Failure changed(int index, Exception cause) {
        return new Failure(
                "record " + (index + 1) + " is not the one it was when the file was opened",
                path.toString(),
                "do not change the file while it is in use",
                cause);
    }

    /** The file, and the line in it where record {@code index} begins. It is looked for in the whole file. */
    public String place(int index) {
        String[] found = {path.toString()};
        JsonRecords.scan(path, _ -> {}, (entry, offset) -> {
            if (offset == starts.get(index)) {
                found[0] = entry.place();
            }
        });
        return found[0];
    }

    @Override
    public void close() {
        file.ifPresent(MappedFile::close);
    }
}
