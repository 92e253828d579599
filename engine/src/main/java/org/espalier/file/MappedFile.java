package org.espalier.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;

/**
 * A file mapped for reading. Its owner unmaps it on close; nothing may touch the segment after that. The size is the one
 * at opening. Where somebody shortens the file meanwhile, what is gone cannot be read: Java code that tries gets an
 * {@link InternalError}, native code a signal that ends the process, so that none is given a mapped file's bytes. In any
 * case {@link #close} says what happened.
 */
public final class MappedFile implements AutoCloseable {

    private static final String SHORTENED = "file was shortened while it was in use";

    private final Path path;
    /** Stays open, so that the size of this very file can be asked for, whatever its name stands for later. */
    private final FileChannel channel;

    private final Arena arena;
    private final MemorySegment segment;

    private MappedFile(Path path, FileChannel channel, Arena arena, MemorySegment segment) {
        this.path = path;
        this.channel = channel;
        this.arena = arena;
        this.segment = segment;
    }

    /**
     * Maps the whole of a file.
     *
     * @throws Failure if the file is missing, empty or cannot be read
     */
    @SuppressWarnings("MustBeClosed") // the file owns the channel, and closes it
    public static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new Failure("is a folder, not a file", path.toString(), "name a file");
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return map(path, channel);
            } catch (IOException | Failure e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new Failure("no such file", path.toString(), "check the path", e);
        } catch (IOException e) {
            throw new Failure(
                    "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
        }
    }

    /**
     * As above; of an empty file nothing can be mapped.
     *
     * @throws Failure if the file is missing or cannot be read
     */
    static Optional<MappedFile> unlessEmpty(Path path) {
        try {
            return Files.isRegularFile(path) && Files.size(path) == 0 ? Optional.empty() : Optional.of(open(path));
        } catch (IOException e) {
            throw new Failure(
                    "file cannot be read: " + e.getMessage(), path.toString(), "check it and its permissions", e);
        }
    }

    @SuppressWarnings("MustBeClosed") // the file owns the arena, and closes it
    private static MappedFile map(Path path, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size == 0) {
            throw new Failure("file is empty", path.toString(), "fetch or write it again");
        }
        Arena arena = Arena.ofShared();
        try {
            return new MappedFile(path, channel, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /**
     * That a mapped file was shortened, if this is why something failed: what was read then is not what the file held, and
     * many an error may come of it.
     *
     * @param thrown with the failures to close that are suppressed by it
     */
    public static Optional<Failure> shortened(Throwable thrown) {
        if (thrown instanceof Failure failure && failure.problem().equals(SHORTENED)) {
            return Optional.of(failure);
        }
        Stream<Throwable> related =
                Stream.concat(Stream.ofNullable(thrown.getCause()), Stream.of(thrown.getSuppressed()));
        return related.map(MappedFile::shortened).flatMap(Optional::stream).findFirst();
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

    /** @throws Failure if the file has become shorter since it was opened */
    @Override
    public void close() {
        if (!segment.scope().isAlive()) {
            return;
        }
        arena.close();
        try (channel) {
            if (channel.size() < segment.byteSize()) {
                throw new Failure(
                        SHORTENED,
                        path.toString(),
                        "write it anew, and replace files by renaming while they are in use");
            }
        } catch (IOException e) {
            throw new Failure("file cannot be closed: " + e.getMessage(), path.toString(), "check the disk", e);
        }
    }
}
