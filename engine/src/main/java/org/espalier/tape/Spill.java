package org.espalier.tape;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.espalier.backend.MemoryOps;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Tensor;

/**
 * Copies of tensors that wait on the host: in memory up to a limit, beyond it in a mapped scratch file, whose pages the
 * system may write out. The file has no name once it is open, so that it goes away with the process whatever happens.
 */
public final class Spill implements AutoCloseable {

    /** A copy that waits. Closing it gives its place back. */
    public abstract static class Kept implements AutoCloseable {

        /** The tensor's bytes. */
        abstract MemorySegment segment();

        @Override
        public abstract void close();
    }

    private static final int CHUNK = 1 << 24;

    private final Path folder;
    private final Arena mappings = Arena.ofShared();
    /** Places of the file that are free again, by size. */
    private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

    private long limit = Long.MAX_VALUE;
    private FileChannel file;
    private long fileBytes;
    private long memoryBytes;
    private long open;

    /** @param folder of the scratch file, made when it is needed */
    public Spill(Path folder) {
        this.folder = folder;
    }

    /** At most so many bytes may wait in memory from now on. */
    public Spill limit(long bytes) {
        this.limit = bytes;
        return this;
    }

    /** Bytes of the scratch file. */
    public long fileBytes() {
        return fileBytes;
    }

    /**
     * Waits for the tensor and copies it.
     *
     * @throws Failure if neither memory nor the disk has room
     */
    Kept keep(MemoryOps memory, Queue queue, Tensor tensor) {
        if (memoryBytes + tensor.bytes() <= limit) {
            return filled(memory, queue, tensor, new InMemory(tensor.bytes()));
        }
        Deque<MemorySegment> places = free.computeIfAbsent(tensor.bytes(), size -> new ArrayDeque<>());
        return places.isEmpty()
                ? appended(memory, queue, tensor)
                : filled(memory, queue, tensor, new InFile(places.pop()));
    }

    private static Kept filled(MemoryOps memory, Queue queue, Tensor tensor, Kept place) {
        try {
            memory.download(queue, tensor, place.segment());
            return place;
        } catch (RuntimeException e) {
            place.close();
            throw e;
        }
    }

    private Kept appended(MemoryOps memory, Queue queue, Tensor tensor) {
        try (NativeMemory staging = NativeMemory.allocate(tensor.bytes(), "numbers on their way to the scratch file")) {
            memory.download(queue, tensor, staging.segment());
            return new InFile(append(staging.segment()));
        } catch (IOException e) {
            throw new Failure(
                    "the scratch file could not be written: " + e.getMessage(),
                    folder.toString(),
                    "free disk space or name another folder for it",
                    e);
        }
    }

    /** Written, not only mapped: a full disk is an exception here, and would end the process in a mapping. */
    private MemorySegment append(MemorySegment bytes) throws IOException {
        if (file == null) {
            file = FileChannel.open(
                    folder.resolve("espalier-" + UUID.randomUUID() + ".scratch"),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
        }
        long start = fileBytes;
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            ByteBuffer chunk =
                    bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer();
            while (chunk.hasRemaining()) {
                fileBytes += file.write(chunk, fileBytes);
            }
        }
        return NativeMemory.unscoped(file.map(FileChannel.MapMode.READ_WRITE, start, bytes.byteSize(), mappings));
    }

    @Override
    public void close() {
        if (open > 0) {
            throw new IllegalStateException(open + " copies still wait");
        }
        mappings.close();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw new Failure(
                        "the scratch file could not be closed: " + e.getMessage(),
                        folder.toString(),
                        "check the disk",
                        e);
            }
        }
    }

    private final class InMemory extends Kept {

        private final NativeMemory memory;

        InMemory(long bytes) {
            memory = NativeMemory.allocate(bytes, "numbers that pass between segments");
            memoryBytes += bytes;
            open++;
        }

        @Override
        MemorySegment segment() {
            return memory.segment();
        }

        @Override
        public void close() {
            memoryBytes -= memory.bytes();
            open--;
            memory.close();
        }
    }

    private final class InFile extends Kept {

        private final MemorySegment place;

        InFile(MemorySegment place) {
            this.place = place;
            open++;
        }

        @Override
        MemorySegment segment() {
            return place;
        }

        @Override
        public void close() {
            open--;
            free.get(place.byteSize()).push(place);
        }
    }
}
