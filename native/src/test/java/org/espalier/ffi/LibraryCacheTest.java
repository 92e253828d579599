package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries are unpacked into a folder that is the user's own, private and checked, or into one for the run alone. */
class LibraryCacheTest {

    private static final String FILE = "libquadmath.so.0";

    @TempDir
    private Path temporary;

    @Test
    void theFolderIsPrivate() throws IOException {
        Path folder = new LibraryCache(temporary.resolve("a/cache")).unpack(source(), List.of(FILE));
        for (Path made : List.of(temporary.resolve("a/cache"), folder)) {
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
        }
    }

    @Test
    void whatOthersMayWriteIsClosedToThem() throws IOException {
        Path root = Files.createDirectory(temporary.resolve("open"));
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxrwx"));
        new LibraryCache(root).unpack(source(), List.of(FILE));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(root)));
    }

    @Test
    void aFolderOfAnotherUserIsRefused() {
        UserPrincipal other = () -> "somebody";
        Failure failure = assertThrows(
                Failure.class, () -> PrivateFolder.requireOwn(temporary, Optional.of(other), "choose another"));
        assertTrue(failure.oneLine().contains("belongs to"), failure.oneLine());
        assertEquals(temporary.toString(), failure.place());
    }

    @Test
    void aLinkInPlaceOfALibraryIsReplaced() throws IOException {
        LibraryCache cache = new LibraryCache(temporary);
        Path file = cache.unpack(source(), List.of(FILE)).resolve(FILE);
        Path elsewhere = Files.move(file, temporary.resolve("elsewhere"));
        Files.createSymbolicLink(file, elsewhere);
        cache.unpack(source(), List.of(FILE));
        assertFalse(Files.isSymbolicLink(file));
        assertEquals(-1, Files.mismatch(elsewhere, file));
    }

    @Test
    void aLibraryWithAnotherByteIsReplaced() throws IOException {
        LibraryCache cache = new LibraryCache(temporary);
        Path file = cache.unpack(source(), List.of(FILE)).resolve(FILE);
        byte[] sound = Files.readAllBytes(file);
        byte[] damaged = sound.clone();
        damaged[sound.length / 2] ^= 4;
        Files.write(file, damaged);
        cache.unpack(source(), List.of(FILE));
        assertArrayEquals(sound, Files.readAllBytes(file));
    }

    /** Its sum can be forged. */
    @Test
    void aLibraryThatOthersMayWriteIsReplaced() throws IOException {
        LibraryCache cache = new LibraryCache(temporary);
        Path file = cache.unpack(source(), List.of(FILE)).resolve(FILE);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        cache.unpack(source(), List.of(FILE));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    /** Nobody, not even the administrator, can make a folder there. */
    @Test
    void whereTheCacheCannotBeWrittenAFolderForTheRunIsNamed() throws IOException {
        List<String> heard = new ArrayList<>();
        Warnings.hear(heard::add);
        Path folder = new LibraryCache(Path.of("/proc/none/espalier")).unpack(source(), List.of(FILE));
        String line = String.join("\n", heard);
        assertEquals(1, line.lines().count(), line);
        assertTrue(line.contains(folder.toString()) && line.contains("XDG_CACHE_HOME"), line);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
        assertTrue(Files.exists(folder.resolve(FILE)));
    }

    private static URL source() {
        return LibraryCacheTest.class.getClassLoader().getResource("org/bytedeco/openblas/linux-x86_64/" + FILE);
    }
}
