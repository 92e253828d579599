package org.espalier.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.ffi.PathExchange;

/**
 * A file or folder that appears whole or not at all. It is written aside, in a hidden folder beside its place, flushed to
 * the disk and renamed into place. Whenever the process is killed, the old output or the new one stands there (a folder
 * replaced on a file system that cannot swap two names is put back at the next start); what a killed run left beside it is
 * removed at the next start.
 */
public final class Output implements AutoCloseable {

    /** Writes an output at the path it is given. */
    @FunctionalInterface
    public interface Writing {
        /** Writes to a path that nothing stands at, or into an empty folder. */
        void to(Path path) throws IOException;
    }

    private final Path target;
    private final boolean force;
    private final Aside aside;

    private Output(Path target, boolean force, boolean folder) {
        this.force = force;
        try {
            Path whole = target.toAbsolutePath().normalize();
            this.target = Files.exists(whole) ? whole.toRealPath() : whole;
            requireReplaceable(folder);
            Files.createDirectories(this.target.getParent());
            this.aside = Aside.create(this.target);
        } catch (IOException e) {
            throw WriteFailure.of(e, target);
        }
        try {
            aside.sweep(this.target);
            requireFreeOrOwn();
            if (folder) {
                Files.createDirectory(aside.content());
            }
        } catch (IOException e) {
            aside.close();
            throw WriteFailure.of(e, target);
        } catch (RuntimeException | Error e) {
            aside.close();
            throw e;
        }
    }

    /**
     * Begins a file.
     *
     * @throws Failure if it exists and {@code force} is not given, or it cannot be put there
     */
    public static Output file(Path target, boolean force) {
        return new Output(target, force, false);
    }

    /**
     * Begins a folder, which then exists, empty, at {@link #path}; else as {@link #file}.
     *
     * @throws Failure also if a folder stands there that holds something which this program does not write
     */
    public static Output folder(Path target, boolean force) {
        return new Output(target, force, true);
    }

    /** Writes a file and puts it in its place. */
    public static void writeFile(Path target, boolean force, Writing writing) {
        finish(file(target, force), target, writing);
    }

    /** Writes a folder, which exists when {@code writing} begins, and puts it in its place. */
    public static void writeFolder(Path target, boolean force, Writing writing) {
        finish(folder(target, force), target, writing);
    }

    /** Where to write: a file to create, or an empty folder to fill. */
    public Path path() {
        return aside.content();
    }

    /** Flushes what was written and renames it into its place. */
    public void commit() {
        synchronized (aside) {
            try {
                aside.requireOpen();
                flush(aside.content());
                requireFreeOrOwn();
                place();
            } catch (IOException e) {
                throw WriteFailure.of(e, target);
            }
            try {
                force(target.getParent());
            } catch (IOException e) {
                throw WriteFailure.ofFlushing(e, target);
            }
        }
        aside.close();
    }

    /** Removes what was written unless it was committed. */
    @Override
    public void close() {
        aside.close();
    }

    private static void finish(Output output, Path target, Writing writing) {
        try (output) {
            writing.to(output.path());
            output.commit();
        } catch (IOException e) {
            throw WriteFailure.of(e, target);
        }
    }

    private void place() throws IOException {
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(aside.content(), target, StandardCopyOption.ATOMIC_MOVE);
        } else if (!PathExchange.exchange(aside.content(), target)) {
            Files.move(target, aside.old(), StandardCopyOption.ATOMIC_MOVE);
            try {
                Files.move(aside.content(), target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                aside.putBack(target);
                throw e;
            }
            aside.forgetOld();
        }
    }

    private void requireFreeOrOwn() {
        if (!force && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new Failure("output exists", target.toString(), "name another place or add --force");
        }
        Replacement.requireOwn(target);
    }

    /** A folder takes only a folder's place, a file only a file's, and never one that a person stands in. */
    private void requireReplaceable(boolean folder) {
        Path workingFolder = Path.of("").toAbsolutePath();
        if (target.getParent() == null
                || workingFolder.startsWith(target)
                || Path.of(System.getProperty("user.home", "/")).startsWith(target)) {
            throw new Failure("is a folder that must not be replaced", target.toString(), "name a new place inside it");
        }
        if (Files.exists(target) && (folder ? !Files.isDirectory(target) : !Files.isRegularFile(target))) {
            throw new Failure(
                    folder ? "a file stands where a folder is to be written" : "is not a regular file",
                    target.toString(),
                    "name another place");
        }
    }

    private static void flush(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (Stream<Path> files = Files.list(path)) {
                List<Path> inside = files.toList();
                for (Path file : inside) {
                    flush(file);
                }
            }
        }
        force(path);
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
