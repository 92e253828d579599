package org.espalier.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.UUID;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;

/**
 * Tensors in a mapped scratch file, whose pages the system may let go of as it may those of any checkpoint. The file has no name
 * once it is open, so that it goes away with the process whatever happens.
 */
final class ScratchTensors implements AutoCloseable {

    /** No tensors, and no file. */
    static final ScratchTensors NONE = new ScratchTensors(null, null, new LinkedHashMap<>());

    private static final int ALIGNMENT = 64;

    private final FileChannel file;
    private final Arena arena;
    private final SequencedMap<String, StoredTensor> tensors;

    private ScratchTensors(FileChannel file, Arena arena, SequencedMap<String, StoredTensor> tensors) {
        this.file = file;
        this.arena = arena;
        this.tensors = tensors;
    }

    /**
     * Writes tensors to a file in the system's folder for such files.
     *
     * @param where they are from, for messages
     * @throws Failure if there is no room
     */
    @SuppressWarnings("MustBeClosed") // what is returned owns file and arena, and closes them
    static ScratchTensors of(List<TensorEntry> entries, String where) {
        if (entries.isEmpty()) {
            return NONE;
        }
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            FileChannel file = FileChannel.open(
                    folder.resolve("espalier-" + UUID.randomUUID() + ".scratch"),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
            Arena arena = Arena.ofShared();
            try {
                return new ScratchTensors(file, arena, write(entries, file, arena));
            } catch (IOException | RuntimeException | Error e) {
                arena.close();
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new Failure(
                    "the numbers of " + where + " do not fit into a scratch file: " + e.getMessage(),
                    folder.toString(),
                    "free disk space, or name another folder as TMPDIR",
                    e);
        }
    }

    private static SequencedMap<String, StoredTensor> write(List<TensorEntry> entries, FileChannel file, Arena arena)
            throws IOException {
        TensorChannel channel = new TensorChannel(file);
        SequencedMap<String, Long> places = new LinkedHashMap<>();
        for (TensorEntry entry : entries) {
            channel.pad(ALIGNMENT);
            places.put(entry.name(), file.position());
            channel.write(entry);
        }
        MemorySegment all =
                NativeMemory.unscoped(file.map(FileChannel.MapMode.READ_ONLY, 0, Math.max(1, file.position()), arena));
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (TensorEntry entry : entries) {
            MemorySegment bytes = all.asSlice(places.get(entry.name()), entry.bytes());
            tensors.put(
                    entry.name(),
                    new StoredTensor(entry.name(), entry.type(), entry.shape(), bytes, RowOrder.IDENTITY));
        }
        return tensors;
    }

    SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        if (file == null) {
            return;
        }
        arena.close();
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
