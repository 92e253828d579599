package org.espalier.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.file.MappedFile;

/**
 * One safetensors file, mapped: eight bytes of header length (little-endian), the header, the numbers. Everything the
 * header says is checked at opening.
 */
public final class SafetensorsFile implements AutoCloseable {

    static final String SUFFIX = ".safetensors";

    private static final long LONGEST_HEADER = 100_000_000;
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile file;
    private final SequencedMap<String, String> metadata;
    private final SequencedMap<String, StoredTensor> tensors;

    private SafetensorsFile(
            MappedFile file, SequencedMap<String, String> metadata, SequencedMap<String, StoredTensor> tensors) {
        this.file = file;
        this.metadata = metadata;
        this.tensors = tensors;
    }

    /**
     * Maps a file and reads its header.
     *
     * @throws Failure if the file cannot be read or its header is not true of it
     */
    public static SafetensorsFile open(Path path) {
        MappedFile file = MappedFile.open(path);
        try {
            return read(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static SafetensorsFile read(MappedFile file) {
        String place = file.path().toString();
        MemorySegment all = file.segment();
        if (all.byteSize() < 8) {
            throw new Failure(
                    "file has " + all.byteSize() + " bytes, not even a header length", place, SafetensorsHeader.ADVICE);
        }
        long length = all.get(LENGTH, 0);
        if (length < 2 || length > LONGEST_HEADER || length > all.byteSize() - 8) {
            throw new Failure(
                    "header length " + Long.toUnsignedString(length) + " is not between 2 and "
                            + Math.min(LONGEST_HEADER, all.byteSize() - 8),
                    place,
                    SafetensorsHeader.ADVICE);
        }
        byte[] json = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = all.asSlice(8 + length);
        SafetensorsHeader header = SafetensorsHeader.parse(file.path(), json, data.byteSize());
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            tensors.put(
                    entry.name(),
                    new StoredTensor(
                            entry.name(),
                            entry.type(),
                            entry.shape(),
                            data.asSlice(entry.begin(), entry.end() - entry.begin()),
                            RowOrder.IDENTITY));
        }
        return new SafetensorsFile(file, header.metadata(), tensors);
    }

    /** The path that the file was opened by. */
    public Path path() {
        return file.path();
    }

    /** The header's {@code __metadata__}: texts by name; empty if there is none. */
    public SequencedMap<String, String> metadata() {
        return metadata;
    }

    /** The tensors by name, in the order in which they lie in the file. */
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        file.close();
    }
}
