package org.espalier.ffi;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.espalier.error.Failure;

/** A shared library that was looked for: loaded for the life of the process, or absent for reasons. */
public sealed interface Library {

    /**
     * A library that was found.
     *
     * @param name    the name or path under which it was opened
     * @param symbols its functions, and nothing of any other library
     */
    record Loaded(String name, SymbolLookup symbols) implements Library {}

    /**
     * A library that this machine has not.
     *
     * @param reasons why not, one for each place that was tried
     */
    record Absent(List<String> reasons) implements Library {
        public Absent {
            reasons = List.copyOf(reasons);
        }

        /** For those who cannot go on without the library: what is missing, the reasons, and what to do. */
        public Failure failure(String problem, String advice) {
            return new Failure(problem, String.join("; ", reasons), advice);
        }
    }

    /**
     * Opens a library by its path or, without a slash, by its name where the dynamic linker looks. A missing or
     * unusable library is an {@link Absent} with one reason, never an exception.
     */
    static Library open(String nameOrPath) {
        if (nameOrPath.contains("/") && !isElf(Path.of(nameOrPath))) {
            return new Absent(List.of(nameOrPath + ": no such file, or not a shared library"));
        }
        try {
            return new Loaded(nameOrPath, SymbolLookup.libraryLookup(nameOrPath, Arena.global()));
        } catch (IllegalArgumentException e) {
            return new Absent(List.of(Libc.whyNotOpened(nameOrPath)));
        }
    }

    /** The JVM prints a warning of several lines on stdout when it is asked to open any other kind of file. */
    private static boolean isElf(Path file) {
        byte[] magic = {0x7f, 'E', 'L', 'F'};
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(magic, in.readNBytes(magic.length));
        } catch (IOException e) {
            return false;
        }
    }
}
