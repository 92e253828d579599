package org.espalier.ffi;

import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/**
 * The CUDA driver library: the one that a person names or, failing that, the system's. It is opened at most once; the
 * binding {@link org.espalier.ffi.cuda.CudaLibrary} calls the functions of exactly that library.
 */
public final class CudaDriver {

    static final Setting PATH = new Setting("espalier.cuda", "ESPALIER_CUDA");
    static final Setting GRAPHS = new Setting("espalier.cuda.graphs", "ESPALIER_CUDA_GRAPHS");

    private static final String NAME = "libcuda.so.1";
    private static final List<Path> FOLDERS = Stream.of(
                    "/usr/lib/x86_64-linux-gnu",
                    "/usr/lib64",
                    "/usr/lib",
                    "/usr/lib/wsl/lib",
                    "/run/opengl-driver/lib",
                    // Where containers of clusters and device plug-ins have what the host lends them.
                    "/usr/local/nvidia/lib64",
                    "/usr/local/nvidia/lib")
            .map(Path::of)
            .toList();

    private static Library found;
    /** Where it was looked for; another place that is named later is looked at as well. */
    private static Optional<String> named;

    private CudaDriver() {}

    /**
     * The driver library, or why there is none; the same answer every time. That it is there does not mean that there
     * is a device: {@code cuInit} says so.
     */
    public static synchronized Library find() {
        if (found == null || !named.equals(PATH.value())) {
            named = PATH.value();
            found = find(named);
        }
        return found;
    }

    /** The functions of the library, for the generated binding. */
    public static SymbolLookup symbols() {
        return switch (find()) {
            case Library.Loaded library -> library.symbols();
            case Library.Absent absent ->
                throw absent.failure(
                        "no CUDA driver",
                        "install the NVIDIA driver, or " + PATH.howToSet() + " to the path of " + NAME);
        };
    }

    /**
     * Whether work that is repeated may be captured in a graph: yes, unless a person chose {@code off}.
     *
     * @throws Failure if what was chosen is neither on nor off
     */
    public static boolean graphs() {
        graphsComplaint().ifPresent(complaint -> {
            throw new Failure(complaint, "CUDA graphs", "set it to on or off");
        });
        return GRAPHS.value().filter("off"::equals).isEmpty();
    }

    /** What is wrong with the choice of {@link #graphs()}, if anything. */
    public static Optional<String> graphsComplaint() {
        return GRAPHS.value()
                .filter(chosen -> !chosen.equals("on") && !chosen.equals("off"))
                .map(chosen ->
                        "'%s' in %s (or %s) is not on or off".formatted(chosen, GRAPHS.variable(), GRAPHS.property()));
    }

    static Library find(Optional<String> given) {
        List<String> candidates = Stream.concat(Stream.of(NAME), LibrarySearch.paths(List.of(NAME), FOLDERS))
                .toList();
        return LibrarySearch.first(given, candidates, "cuInit");
    }
}
