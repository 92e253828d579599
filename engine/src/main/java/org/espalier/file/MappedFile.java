package org.espalier.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;

/**
 * A file mapped for reading. Its owner unmaps it on close; nothing may touch the segment after that. The size is the one
 * at opening: a file that somebody truncates while it is mapped cannot be read safely by anyone.
 */
public final class MappedFile implements AutoCloseable {

    private final Path path;
    private final Arena arena;
    private final MemorySegment segment;

    private MappedFile(Path path, Arena arena, MemorySegment segment) {
        this.path = path;
        this.arena = arena;
        this.segment = segment;
    }

    /**
     * Maps the whole of a file.
     *
     * @throws Failure if the file is missing, empty or cannot be read
     */
    @SuppressWarnings("MustBeClosed") // the file owns the arena, and closes it
    public static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new Failure("is a folder, not a file", path.toString(), "name a file");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size == 0) {
                throw new Failure("file is empty", path.toString(), "fetch or write it again");
            }
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            return new MappedFile(path, arena, mapped);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new Failure("no such file", path.toString(), "check the path", e);
        } catch (IOException e) {
            arena.close();
            throw new Failure(
                    "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
        } catch (Failure e) {
            arena.close();
            throw e;
        }
    }

    /** The path that the file was opened by. */
    public Path path() {
        return path;
    }

    /** Bytes, at least one. */
    public long size() {
        return segment.byteSize();
    }

    /** The file's bytes in the global scope, the same segment class as allocated memory; valid until {@link #close}. */
    public MemorySegment segment() {
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("used after it was unmapped: " + path);
        }
        return NativeMemory.unscoped(segment);
    }

    @Override
    public void close() {
        if (segment.scope().isAlive()) {
            arena.close();
        }
    }
}
