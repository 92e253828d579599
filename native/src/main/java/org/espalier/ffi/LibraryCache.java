package org.espalier.ffi;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import org.espalier.error.Failure;

/**
 * A folder of the user into which shared libraries are unpacked out of a jar, once. Nobody else may own it or write there;
 * where it cannot be written, a folder for this run alone takes its place, and a line says so.
 *
 * <p>Every start compares each file's whole content with the CRC-32 that the jar states, 20 ms for 90 MB, which finds damage.
 * Against forgery, which that sum cannot find, a file of another user, or that others may write, is not taken. (SHA-256 of the
 * same file takes a JVM just started 0.9 s.) A file is written aside and renamed, so that processes that start at once see
 * whole files only, and one that has a replaced file open keeps the old one.
 */
final class LibraryCache {

    static final Setting FOLDER = new Setting("espalier.cache", "XDG_CACHE_HOME");

    /** Missing where no folder of the user is known. */
    private final Optional<Path> root;

    /** @param root folder for all that is unpacked; made when it is first needed */
    LibraryCache(Path root) {
        this(Optional.of(root));
    }

    private LibraryCache(Optional<Path> root) {
        this.root = root;
    }

    /** The cache of this user: {@code espalier} under the chosen folder or {@code ~/.cache}. */
    static LibraryCache ofUser() {
        return new LibraryCache(FOLDER.value()
                .map(Path::of)
                .filter(Path::isAbsolute)
                // A container's user without an entry has the home '?'.
                .or(() -> Optional.of(Path.of(System.getProperty("user.home"), ".cache")))
                .filter(Path::isAbsolute)
                .map(home -> home.resolve("espalier")));
    }

    /**
     * Unpacks files that lie in one folder of one jar, unless they are there already, unharmed.
     *
     * @param source one of the files, as found on the class path
     * @param files  names of the files, all beside that one
     * @return the folder that now holds the files; the jar's name, which has the version, and a hash of the contents
     *         make its name
     * @throws Failure if the jar is damaged or the cache cannot be written
     */
    Path unpack(URL source, List<String> files) {
        try (JarFile jar = jarOf(source)) {
            String entry = ((JarURLConnection) source.openConnection()).getEntryName();
            String parent = entry.substring(0, entry.lastIndexOf('/') + 1);
            List<JarEntry> entries =
                    files.stream().map(f -> entry(jar, parent + f)).toList();
            String name = nameOf(jar) + "-" + contentHash(entries);
            Path folder = root.flatMap(cache -> PrivateFolder.prepare(cache, FOLDER.howToSet()))
                    .flatMap(cache -> PrivateFolder.prepare(cache.resolve(name), FOLDER.howToSet()))
                    .orElseGet(() -> PrivateFolder.ofThisRun(root, FOLDER.howToSet()));
            for (JarEntry e : entries) {
                Path file = folder.resolve(e.getName().substring(parent.length()));
                if (!matches(file, e)) {
                    write(jar, e, file);
                }
            }
            return folder;
        } catch (IOException e) {
            throw new Failure("jar cannot be read: " + reason(e), source.toString(), "build or install again", e);
        }
    }

    private static JarFile jarOf(URL source) throws IOException {
        if (!(source.openConnection() instanceof JarURLConnection connection)) {
            throw new IOException("not inside a jar");
        }
        // A cached JarFile would be shared and must not be closed here.
        connection.setUseCaches(false);
        return connection.getJarFile();
    }

    private static String nameOf(JarFile jar) {
        return Path.of(jar.getName()).getFileName().toString().replaceFirst("\\.jar$", "");
    }

    private static JarEntry entry(JarFile jar, String name) {
        return Optional.ofNullable(jar.getJarEntry(name))
                .orElseThrow(() -> new Failure(
                        "file is missing in the jar",
                        jar.getName() + "!/" + name,
                        "use the version that the build names"));
    }

    private static String contentHash(List<JarEntry> entries) {
        CRC32 crc = new CRC32();
        for (JarEntry e : entries) {
            crc.update((e.getName() + e.getSize() + e.getCrc()).getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private static boolean matches(Path file, JarEntry entry) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(file) == entry.getSize()
                    && PrivateFolder.isOwn(file)
                    && checksum(file) == entry.getCrc();
        } catch (IOException e) {
            return false;
        }
    }

    private static long checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        ByteBuffer chunk = ByteBuffer.allocate(1 << 20);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(chunk) >= 0) {
                crc.update(chunk.flip());
                chunk.clear();
            }
        }
        return crc.getValue();
    }

    private static void write(JarFile jar, JarEntry entry, Path file) {
        try {
            Path aside =
                    Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
            // Into the file that is there, which is its owner's alone.
            try (InputStream in = jar.getInputStream(entry);
                    OutputStream out = Files.newOutputStream(aside)) {
                in.transferTo(out);
                out.close();
                if (!matches(aside, entry)) {
                    throw new IOException("what was unpacked does not match the jar's checksum");
                }
                Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(aside);
            }
        } catch (IOException e) {
            throw new Failure(
                    "cannot unpack a library: " + reason(e),
                    file.toString(),
                    FOLDER.howToSet() + " to a folder that can be written and has 64 MB free",
                    e);
        }
    }

    private static String reason(IOException e) {
        return e.getClass().getSimpleName() + ": " + e.getMessage();
    }
}
