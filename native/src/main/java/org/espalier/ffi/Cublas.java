package org.espalier.ffi;

import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cuBLAS library: the one that a person names or, failing that, the one of a CUDA toolkit 13 or 12. It is opened at
 * most once; the binding {@link org.espalier.ffi.cublas.CublasLibrary} calls the functions of exactly that library.
 */
public final class Cublas {

    static final Setting PATH = new Setting("espalier.cublas", "ESPALIER_CUBLAS");

    private static final List<String> NAMES = List.of("libcublas.so.13", "libcublas.so.12");
    private static final List<String> TOOLKIT_VARIABLES = List.of("CUDA_HOME", "CUDA_PATH");
    private static final List<String> IN_TOOLKIT = List.of("lib64", "targets/x86_64-linux/lib", "lib");
    private static final List<Path> OF_DISTRIBUTIONS = Stream.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
            "/opt/cuda/lib64").map(Path::of).toList();

    private static Library found;

    private Cublas() {
    }

    /** The library, or why there is none; the same answer every time. */
    public static synchronized Library find() {
        if (found == null) {
            found = find(PATH.value());
        }
        return found;
    }

    /** The functions of the library, for the generated binding. */
    public static SymbolLookup symbols() {
        return switch (find()) {
            case Library.Loaded library -> library.symbols();
            case Library.Absent absent -> throw absent.failure("no cuBLAS library",
                    "install cuBLAS 13 or 12, or " + PATH.howToSet() + " to the path of " + NAMES.getFirst());
        };
    }

    static Library find(Optional<String> given) {
        List<Path> folders = Stream.concat(toolkitFolders(), OF_DISTRIBUTIONS.stream()).distinct().toList();
        // By name first: that is how LD_LIBRARY_PATH and the system's configuration are honoured.
        List<String> candidates = Stream.concat(NAMES.stream(), LibrarySearch.paths(NAMES, folders)).toList();
        return LibrarySearch.first(given, candidates, "cublasCreate_v2");
    }

    private static Stream<Path> toolkitFolders() {
        Stream<Path> chosen = TOOLKIT_VARIABLES.stream().map(System::getenv)
                .filter(v -> v != null && !v.isBlank()).map(Path::of);
        Stream<Path> installed = LibrarySearch.folders(Path.of("/usr/local"), "cuda*").stream();
        return Stream.concat(chosen, installed)
                .flatMap(toolkit -> IN_TOOLKIT.stream().map(toolkit::resolve));
    }
}
