package org.espalier.ffi;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;

/** A folder that belongs to this user, and that nobody else can write. */
final class PrivateFolder {

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** Those of this run, by what they stand for. */
    private static final Map<Optional<Path>, Path> OF_THIS_RUN = new ConcurrentHashMap<>();

    private PrivateFolder() {}

    /**
     * Makes the folder, unless it is there, and sees that it is private.
     *
     * @param advice how to choose another
     * @return the folder, or nothing if it cannot be made or written
     * @throws Failure if it is no folder, or another user's
     */
    static Optional<Path> prepare(Path folder, String advice) {
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder.getParent());
                Files.createDirectory(folder, ownerOnly());
            }
            requireOwn(folder, own(), advice);
            return Files.isWritable(folder) ? Optional.of(folder) : Optional.empty();
        } catch (FileAlreadyExistsException e) {
            // Another process was quicker, or something else has that name.
            if (Files.isDirectory(folder)) {
                return prepare(folder, advice);
            }
            throw noFolder(e.getFile(), advice, e);
        } catch (NotDirectoryException e) {
            throw noFolder(e.getFile(), advice, e);
        } catch (IOException e) {
            if (hasFileAbove(folder)) {
                throw noFolder(folder.toString(), advice, e);
            }
            return Optional.empty();
        }
    }

    private static boolean hasFileAbove(Path folder) {
        for (Path above = folder; above != null; above = above.getParent()) {
            if (Files.exists(above)) {
                return !Files.isDirectory(above);
            }
        }
        return false;
    }

    private static Failure noFolder(String path, String advice, IOException e) {
        return new Failure(
                "libraries cannot be unpacked there: it is no folder",
                path,
                advice + " to a folder that can be written and has 64 MB free",
                e);
    }

    /** @throws Failure if the folder belongs to anybody but {@code owner}; what others may write is closed to them */
    static void requireOwn(Path folder, Optional<UserPrincipal> owner, String advice) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(folder, PosixFileAttributeView.class);
        if (view == null || owner.isEmpty()) {
            return;
        }
        if (!view.readAttributes().owner().equals(owner.get())) {
            throw new Failure(
                    "libraries cannot be unpacked there: the folder belongs to "
                            + view.readAttributes().owner().getName(),
                    folder.toString(),
                    advice + " to a folder of your own");
        }
        if (othersMayWrite(view)) {
            view.setPermissions(OWNER_ONLY);
        }
    }

    /** Whether a file is this user's, and nobody else may write it; where files have no owners, it is. */
    static boolean isOwn(Path file) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        Optional<UserPrincipal> own = own();
        return view == null
                || own.isEmpty()
                || (view.readAttributes().owner().equals(own.get()) && !othersMayWrite(view));
    }

    private static boolean othersMayWrite(PosixFileAttributeView view) throws IOException {
        Set<PosixFilePermission> permissions = view.readAttributes().permissions();
        return permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE);
    }

    /** This user, as files have it: whoever owns what this process made. */
    private static Optional<UserPrincipal> own() throws IOException {
        Path process = Path.of("/proc/self");
        return Files.exists(process)
                ? Optional.of(Files.getOwner(process.toRealPath(), LinkOption.NOFOLLOW_LINKS))
                : Optional.empty();
    }

    private static FileAttribute<?>[] ownerOnly() {
        boolean posix = Files.getFileAttributeView(Path.of("."), PosixFileAttributeView.class) != null;
        return posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    /** A folder that goes when this program ends, one for all libraries; a warning names it. */
    static Path ofThisRun(Optional<Path> instead, String advice) {
        return OF_THIS_RUN.computeIfAbsent(instead, missing -> create(missing, advice));
    }

    private static Path create(Optional<Path> instead, String advice) {
        try {
            Path folder = Files.createTempDirectory("espalier-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            Warnings.say(new Failure(
                    "libraries are unpacked for this run alone, because "
                            + instead.map(Path::toString).orElse("the user's home") + " cannot be written",
                    folder.toString(),
                    advice + " to a folder of your own to keep them"));
            return folder;
        } catch (IOException e) {
            throw new Failure(
                    "libraries cannot be unpacked: " + e.getMessage(),
                    System.getProperty("java.io.tmpdir"),
                    advice + " to a folder that can be written and has 64 MB free",
                    e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // What cannot be deleted stays in the folder for temporary files.
        }
    }
}
