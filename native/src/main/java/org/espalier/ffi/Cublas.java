package org.espalier.ffi;

import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cuBLAS library: the one that a person names or, failing that, one of CUDA 13 or 12 that the dynamic linker knows or
 * that a toolkit, a distribution, pip or conda installed, in the environment of any {@code python3} on the PATH too. It is opened at most once; the binding {@link org.espalier.ffi.cublas.CublasLibrary} calls the functions of exactly that library.
 */
public final class Cublas {

    static final Setting PATH = new Setting("espalier.cublas", "ESPALIER_CUBLAS");

    private static final List<String> NAMES = List.of("libcublas.so.13", "libcublas.so.12");
    private static final List<String> TOOLKIT_VARIABLES = List.of("CUDA_HOME", "CUDA_PATH");
    private static final List<String> IN_TOOLKIT = List.of("lib64", "targets/x86_64-linux/lib", "lib");
    private static final List<String> OF_DISTRIBUTIONS =
            List.of("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib", "opt/cuda/lib64", "usr/local/nvidia/lib64");
    /** Of the packages nvidia-cublas and nvidia-cublas-cu12. */
    private static final List<String> IN_PACKAGES = List.of("nvidia/cu13/lib", "nvidia/cublas/lib");

    private static Library found;

    private Cublas() {}

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
            case Library.Absent absent ->
                throw absent.failure(
                        "no cuBLAS library",
                        "install cuBLAS 13 or 12, or " + PATH.howToSet() + " to the path of " + NAMES.getFirst());
        };
    }

    static Library find(Optional<String> given) {
        return LibrarySearch.first(given, candidates(names(), System.getenv(), Path.of("/")), "cublasCreate_v2");
    }

    /** The driver refuses a cuBLAS that is newer than itself. */
    private static List<String> names() {
        boolean old = CudaDriver.find() instanceof Library.Loaded
                && CudaVersion.ofDriver().major() < 13;
        return old ? NAMES.subList(1, NAMES.size()) : NAMES;
    }

    /**
     * Names and paths in the order in which they are tried. By name first: that is how {@code LD_LIBRARY_PATH} and the
     * system's configuration are honoured.
     *
     * @param environment the process' variables
     * @param root        of the file system
     */
    static List<String> candidates(List<String> names, Map<String, String> environment, Path root) {
        List<Path> folders = Stream.of(
                        toolkits(environment, root),
                        OF_DISTRIBUTIONS.stream().map(root::resolve),
                        ofPython(environment, root))
                .flatMap(f -> f)
                .distinct()
                .toList();
        return Stream.concat(names.stream(), LibrarySearch.paths(names, folders))
                .toList();
    }

    private static Stream<Path> toolkits(Map<String, String> environment, Path root) {
        Stream<Path> chosen = chosen(TOOLKIT_VARIABLES, environment);
        Stream<Path> installed = LibrarySearch.folders(root.resolve("usr/local"), "cuda*").stream();
        return Stream.concat(chosen, installed)
                .flatMap(toolkit -> IN_TOOLKIT.stream().map(toolkit::resolve));
    }

    /** Where pip and conda put it. */
    private static Stream<Path> ofPython(Map<String, String> environment, Path root) {
        PythonPlaces python = new PythonPlaces(environment, root);
        return Stream.concat(
                python.packages().flatMap(folder -> IN_PACKAGES.stream().map(folder::resolve)), python.libraries());
    }

    private static Stream<Path> chosen(List<String> variables, Map<String, String> environment) {
        return variables.stream()
                .map(environment::get)
                .filter(v -> v != null && !v.isBlank())
                .map(Path::of);
    }
}
