package org.espalier.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/**
 * The hidden folder {@code .NAME.RANDOM.espalier-tmp} beside an output, in which it is written. A lock that the system
 * gives back when a process dies tells a living writer's folder from a dead one's.
 */
final class Aside implements AutoCloseable {

    private static final String SUFFIX = ".espalier-tmp";
    private static final String LOCK = "lock";
    private static final String CONTENT = "content";
    private static final String OLD = "old";

    /** A lock is lost when this process opens and closes its file once more, so a sweep does not touch its own folders. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private static final Set<Aside> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(Aside::close)));
    }

    private final Path folder;
    private final FileChannel lock;
    private boolean closed;

    private Aside(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    static Aside create(Path target) throws IOException {
        while (true) {
            String random = UUID.randomUUID().toString().substring(0, 8);
            Path folder = target.resolveSibling("." + target.getFileName() + "." + random + SUFFIX);
            OWN.add(folder);
            Files.createDirectory(folder);
            Aside aside = lock(folder);
            if (aside != null) {
                OPEN.add(aside);
                return aside;
            }
            OWN.remove(folder);
        }
    }

    /** Whether a path is such a folder, of whatever output. */
    static boolean isOne(Path path) {
        return path.getFileName().toString().endsWith(SUFFIX) && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Removes what killed runs left beside {@code target}; one that was killed between two renames is undone first. What
     * belongs to another user than this folder stays: it may have been put there to mislead.
     */
    void sweep(Path target) throws IOException {
        UserPrincipal owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS);
        String prefix = "." + target.getFileName() + ".";
        List<Path> leftovers = new ArrayList<>();
        try (Stream<Path> siblings = Files.list(target.getParent())) {
            siblings.filter(path -> isAside(path, prefix) && !OWN.contains(path))
                    .forEach(leftovers::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path leftover : leftovers) {
            sweepOne(leftover, target, owner);
        }
    }

    /** Where the output is written. */
    Path content() {
        return folder.resolve(CONTENT);
    }

    /** Where the output that it replaces waits to be removed. */
    Path old() {
        return folder.resolve(OLD);
    }

    /** @throws IOException if the folder is gone, because the process is ending */
    void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the process is ending");
        }
    }

    /**
     * Puts the replaced output back.
     *
     * @throws Failure if that cannot be done; then it stays here, and the next run puts it back
     */
    void putBack(Path target) throws IOException {
        try {
            Files.move(old(), target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            leave();
            throw new Failure(
                    "cannot be replaced: " + e.getMessage(),
                    target.toString(),
                    "what stood there lies in " + old() + "; the next run puts it back",
                    e);
        }
    }

    /** Ends the use of this folder, which stays for the next run. */
    private void leave() {
        closed = true;
        OPEN.remove(this);
        OWN.remove(folder);
        try {
            lock.close();
        } catch (IOException e) {
            // The system gives it back when the process ends.
            return;
        }
    }

    /** From here on the replaced output is rubbish and is never put back. */
    void forgetOld() {
        try {
            Files.move(old(), content(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            // It is removed where it lies.
            return;
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        OPEN.remove(this);
        try (lock) {
            remove(folder);
        } catch (IOException e) {
            // The output is complete or its own failure is being reported; the next run sweeps what could not be
            // removed.
            return;
        } finally {
            OWN.remove(folder);
        }
    }

    private static boolean isAside(Path path, String prefix) {
        String name = path.getFileName().toString();
        return name.startsWith(prefix)
                && name.endsWith(SUFFIX)
                && name.length() == prefix.length() + 8 + SUFFIX.length()
                && isOne(path);
    }

    /** The folder with its lock held, or null if another process swept it away before that. */
    private static Aside lock(Path folder) throws IOException {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (channel.tryLock() != null) {
                return new Aside(folder, channel);
            }
            channel.close();
            return null;
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            try (FileChannel _ = channel) {
                remove(folder);
            } finally {
                OWN.remove(folder);
            }
            throw e;
        }
    }

    /** What cannot be swept stays: it is no reason not to write. */
    private static void sweepOne(Path leftover, Path target, UserPrincipal owner) {
        Path file = leftover.resolve(LOCK);
        try {
            if (!owner.equals(Files.getOwner(leftover, LinkOption.NOFOLLOW_LINKS)) || isSpecial(file)) {
                return;
            }
        } catch (IOException e) {
            return;
        }
        // Opened for both reading and writing, so that a pipe put there meanwhile does not block.
        try (FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                return;
            }
            Path old = leftover.resolve(OLD);
            if (Files.isDirectory(old, LinkOption.NOFOLLOW_LINKS) && !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            }
            remove(leftover);
        } catch (NoSuchFileException e) {
            deleteIfEmpty(leftover);
        } catch (IOException | OverlappingFileLockException e) {
            return;
        }
    }

    private static boolean isSpecial(Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    /** A folder without a lock file is empty: its writer was killed before the lock, or its remover after it. */
    private static void deleteIfEmpty(Path folder) {
        try {
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            return;
        }
    }

    /** The lock file goes last but for the folder, so that the next run resumes a removal that was killed. */
    private static void remove(Path folder) throws IOException {
        deleteTree(folder.resolve(CONTENT));
        deleteTree(folder.resolve(OLD));
        Files.deleteIfExists(folder.resolve(LOCK));
        Files.deleteIfExists(folder);
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
