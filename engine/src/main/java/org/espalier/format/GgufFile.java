package org.espalier.format;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Closing;
import org.espalier.file.MappedFile;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * One GGUF file (version 2 or 3, little-endian), mapped: metadata, then where each tensor lies, then the tensors, each at a
 * multiple of the alignment and directly after the one before it. Everything is checked at opening.
 */
public final class GgufFile implements AutoCloseable {

    static final String SUFFIX = ".gguf";

    static final int MAGIC = 0x46554747;
    private static final int MOST_AXES = 4;
    private static final int MOST_PARTS = 99_999;
    private static final String ALIGNMENT_KEY = "general.alignment";
    private static final long LARGEST_ALIGNMENT = 1 << 20;

    /**
     * A tensor as the file has it.
     *
     * @param name  the file's own name, such as {@code blk.0.attn_q.weight}
     * @param shape outermost first: the file's dimensions reversed
     */
    public record Entry(String name, DType type, Shape shape, MemorySegment bytes) {}

    private record TensorInfo(String name, DType type, Shape shape, long bytes, long offset) {}

    private final MappedFile file;
    private final GgufCursor cursor;
    private final SequencedMap<String, Object> metadata = new LinkedHashMap<>();
    private final SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
    private final List<GgufFile> parts = new ArrayList<>();

    private GgufFile(MappedFile file) {
        this.file = file;
        this.cursor = new GgufCursor(file.path(), file.segment());
    }

    /**
     * Maps a file and reads its header.
     *
     * @throws Failure if the file cannot be read or is not what its header says
     */
    public static GgufFile open(Path path) {
        GgufFile file = openPart(path);
        try {
            if (file.partNumber() != 0) {
                throw new Failure(
                        "is part " + (file.partNumber() + 1) + " of " + file.partCount() + " of a model",
                        file.place(),
                        "name the first part; the others must lie beside it");
            }
            return file;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** As {@link #open}, also for a part of a model other than the first. */
    static GgufFile openPart(Path path) {
        MappedFile file = MappedFile.open(path);
        try {
            GgufFile gguf = new GgufFile(file);
            gguf.read();
            return gguf;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The path that the file was opened by. */
    Path path() {
        return file.path();
    }

    /** Files that the model was split into; 0 if it was not. */
    int partCount() {
        return partValue("split.count");
    }

    /** Which of these this one is, from 0. */
    int partNumber() {
        return partValue("split.no");
    }

    private int partValue(String key) {
        if (metadata.getOrDefault(key, 0L) instanceof Long number && number >= 0 && number <= MOST_PARTS) {
            return number.intValue();
        }
        throw cursor.malformed(key + " is no number of parts");
    }

    /** Takes a part of the same model in: its tensors become this one's, and it is closed with this one. */
    void add(GgufFile part) {
        parts.add(part);
        for (Entry tensor : part.tensors.values()) {
            if (tensors.putIfAbsent(tensor.name(), tensor) != null) {
                throw new Failure(
                        called(tensor.name()) + " is in two parts of the model", part.place(), GgufCursor.ADVICE);
            }
        }
    }

    /** This file and the parts that were taken in. */
    List<Path> paths() {
        return Stream.concat(Stream.of(this), parts.stream())
                .map(GgufFile::path)
                .toList();
    }

    /** The metadata in file order; the kinds of values are those of {@link GgufValues}. */
    public SequencedMap<String, Object> metadata() {
        return Collections.unmodifiableSequencedMap(metadata);
    }

    /** The tensors by the file's own names, in file order. */
    public SequencedMap<String, Entry> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    @Override
    public void close() {
        Closing.all(Stream.concat(parts.stream().map(part -> (Runnable) part::close), Stream.of((Runnable) file::close))
                .toList());
    }

    private void read() {
        if (cursor.int32() != MAGIC) {
            throw new Failure("does not start with 'GGUF'", place(), GgufCursor.ADVICE);
        }
        requireVersion(cursor.int32());
        int tensorCount = cursor.count(24, () -> "tensors");
        int keyCount = cursor.count(13, () -> "metadata keys");
        GgufValues values = new GgufValues(cursor);
        for (int i = 0; i < keyCount; i++) {
            String key = cursor.string(() -> "a metadata key");
            if (metadata.containsKey(key)) {
                throw cursor.malformed("metadata key " + Printable.quoted(key) + " stands twice");
            }
            metadata.put(key, values.read(key));
        }
        SequencedMap<String, TensorInfo> infos = new LinkedHashMap<>();
        for (int i = 0; i < tensorCount; i++) {
            TensorInfo info = readInfo();
            if (infos.put(info.name(), info) != null) {
                throw cursor.malformed("tensor " + Printable.quoted(info.name()) + " stands twice");
            }
        }
        placeTensors(infos, alignment());
    }

    private void requireVersion(int version) {
        if (version == 2 || version == 3) {
            return;
        }
        if (Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3) {
            throw new Failure("is a big-endian GGUF file", place(), "convert it to little-endian");
        }
        throw new Failure(
                "is GGUF version " + Integer.toUnsignedString(version) + ", and 2 and 3 can be read",
                place(),
                "convert the model again with a current converter");
    }

    private TensorInfo readInfo() {
        String name = cursor.string(() -> "a tensor's name");
        int axes = cursor.int32();
        if (axes < 0 || axes > MOST_AXES) {
            throw cursor.malformed(called(name) + " has " + Integer.toUnsignedString(axes)
                    + " dimensions, and at most 4 are possible");
        }
        long[] dims = new long[axes];
        for (int i = axes - 1; i >= 0; i--) {
            dims[i] = cursor.int64();
        }
        int number = cursor.int32();
        long offset = cursor.int64();
        DType type = GgufType.numbered(number);
        if (type == null) {
            throw new Failure(
                    called(name) + " has the type " + GgufType.name(number) + ", which cannot be read",
                    place(),
                    "use a file in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4");
        }
        try {
            Shape shape = Shape.of(dims);
            if (axes > 0 && shape.dim(-1) % type.blockElements() != 0) {
                throw cursor.malformed(
                        called(name) + " has rows of " + shape.dim(-1) + " numbers, not whole blocks of " + type);
            }
            return new TensorInfo(name, type, shape, type.bytes(shape.elements()), offset);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw cursor.malformed(called(name) + " has dimensions that are negative or overflow");
        }
    }

    private long alignment() {
        Object value = metadata.getOrDefault(ALIGNMENT_KEY, 32L);
        if (value instanceof Long alignment
                && alignment > 0
                && alignment <= LARGEST_ALIGNMENT
                && Long.bitCount(alignment) == 1) {
            return alignment;
        }
        throw cursor.malformed(ALIGNMENT_KEY + " is not a power of two up to " + LARGEST_ALIGNMENT);
    }

    private void placeTensors(Map<String, TensorInfo> infos, long alignment) {
        long dataStart = roundUp(cursor.position(), alignment);
        long dataBytes = Math.max(0, file.size() - dataStart);
        long expected = 0;
        for (TensorInfo info : infos.values()) {
            if (info.offset() != expected) {
                throw new Failure(
                        called(info.name()) + " is said to lie at byte " + Long.toUnsignedString(info.offset())
                                + " of the data, but the one before it ends at " + expected,
                        place(),
                        GgufCursor.ADVICE);
            }
            if (dataStart > file.size() || expected > dataBytes || info.bytes() > dataBytes - expected) {
                throw new Failure(
                        called(info.name()) + " ends beyond the end of the file, which has " + dataBytes
                                + " bytes of data",
                        place(),
                        GgufCursor.ADVICE);
            }
            MemorySegment bytes = file.segment().asSlice(dataStart + expected, info.bytes());
            tensors.put(info.name(), new Entry(info.name(), info.type(), info.shape(), bytes));
            expected = roundUp(expected + info.bytes(), alignment);
        }
    }

    private static String called(String name) {
        return "tensor " + Printable.quoted(name);
    }

    private static long roundUp(long value, long alignment) {
        return (value + alignment - 1) / alignment * alignment;
    }

    private String place() {
        return file.path().toString();
    }
}
