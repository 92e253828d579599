package org.espalier.ffi;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.ffi.cblas.CblasLibrary;

/**
 * OpenBLAS: the library that a person names or, failing that, the one out of the platform jar on the class path. It is
 * always single-threaded, because its threaded products do not give the same bits at every thread count; callers tile
 * and bring their own threads.
 */
public final class OpenBlas {

    /** With {@code -Despalier.portable=true} every CPU with AVX2 computes the same bits. */
    public static final String PORTABLE_PROPERTY = "espalier.portable";

    static final Setting PATH = new Setting("espalier.openblas", "ESPALIER_OPENBLAS");

    /** Names the kind of core whose kernels run; without it the library looks at the processor. */
    private static final String CORE = "OPENBLAS_CORETYPE";

    private static final String PACKED = "org/bytedeco/openblas/linux-x86_64/";
    private static final String GCC_RUNTIME = "libgcc_s.so.1";
    private static final String MAIN = "libopenblas.so.0";
    /** Each after what it needs itself. */
    private static final List<String> FILES = List.of(GCC_RUNTIME, "libquadmath.so.0", "libgfortran.so.5", MAIN);

    private static volatile Library.Loaded loaded;

    private OpenBlas() {}

    /**
     * Loads the library unless it is loaded; quick when it is.
     *
     * @throws Failure if there is no usable library; a later call tries again
     */
    public static void load() {
        if (loaded == null) {
            loadOnce();
        }
    }

    /** The functions of the loaded library, for the generated binding. */
    public static SymbolLookup symbols() {
        load();
        return loaded.symbols();
    }

    /** Version and build options, the kind of core whose kernels run, threads and file; loads the library. */
    public static String description() {
        load();
        String chosen = Boolean.getBoolean(PORTABLE_PROPERTY) ? null : System.getenv(CORE);
        return Libc.text(CblasLibrary.openblas_get_config()).strip()
                + ", core " + Libc.text(CblasLibrary.openblas_get_corename())
                + (chosen == null || chosen.isEmpty() ? "" : " (" + CORE + " is set)")
                + ", threads " + CblasLibrary.openblas_get_num_threads()
                + ", from " + loaded.name();
    }

    private static synchronized void loadOnce() {
        if (loaded != null) {
            return;
        }
        chooseKernels();
        loaded = open(PATH.value(), LibraryCache.ofUser());
        CblasLibrary.openblas_set_num_threads(1);
    }

    /** OpenBLAS reads these while it is being opened, so they must be set before. */
    private static void chooseKernels() {
        Libc.setenv("OPENBLAS_NUM_THREADS", "1");
        if (Boolean.getBoolean(PORTABLE_PROPERTY)) {
            requireAvx2();
            Libc.setenv(CORE, "HASWELL");
        }
    }

    private static void requireAvx2() {
        try {
            String cpu = Files.readString(Path.of("/proc/cpuinfo"));
            if (cpu.contains(" avx2") && cpu.contains(" fma")) {
                return;
            }
        } catch (IOException e) {
            // Without the list of features the CPU must be taken for one that lacks them.
        }
        throw new Failure("portable mode needs a CPU with AVX2 and FMA", "/proc/cpuinfo", "run without --portable");
    }

    /** Opens the given library or, when none is given, the packed one, and checks that it can be used. */
    static Library.Loaded open(Optional<String> given, LibraryCache cache) {
        String path = given.orElseGet(() -> unpackAndOpenNeeded(cache).toString());
        Library.Loaded library = openOrFail(path);
        Optional<MemorySegment> config = library.symbols().find("openblas_get_config");
        if (config.isEmpty() || library.symbols().find("cblas_sgemm").isEmpty()) {
            throw unusable("it is not OpenBLAS with its C interface", path);
        }
        if (config(config.get()).contains("USE64BITINT")) {
            throw unusable("it was built with 64-bit integers, 32-bit ones are needed", path);
        }
        return library;
    }

    /** The main library, which finds what it needs already open. */
    private static Path unpackAndOpenNeeded(LibraryCache cache) {
        ClassLoader classPath = OpenBlas.class.getClassLoader();
        URL source = classPath.getResource(PACKED + MAIN);
        if (source == null) {
            throw new Failure(
                    "OpenBLAS is missing",
                    PACKED + MAIN,
                    "put the openblas platform jar on the class path, or " + PATH.howToSet() + " to its path");
        }
        Path folder = cache.unpack(source, FILES);
        // The system's GCC runtime goes first: other libraries of the process may need one newer than ours.
        if (Library.open(GCC_RUNTIME) instanceof Library.Absent) {
            openOrFail(folder.resolve(GCC_RUNTIME).toString());
        }
        FILES.stream()
                .filter(f -> !f.equals(GCC_RUNTIME) && !f.equals(MAIN))
                .forEach(f -> openOrFail(folder.resolve(f).toString()));
        return folder.resolve(MAIN);
    }

    private static Library.Loaded openOrFail(String path) {
        return switch (Library.open(path)) {
            case Library.Loaded library -> library;
            case Library.Absent absent -> throw unusable(String.join("; ", absent.reasons()), path);
        };
    }

    private static Failure unusable(String reason, String path) {
        return new Failure(
                "OpenBLAS cannot be used: " + reason,
                path,
                PATH.howToSet()
                        + " to the path of another OpenBLAS library, or unset it to use the one that comes along, unpacked"
                        + " into " + LibraryCache.FOLDER.variable());
    }

    private static String config(MemorySegment function) {
        try {
            return Libc.text((MemorySegment) Linker.nativeLinker()
                    .downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS))
                    .invokeExact());
        } catch (Throwable e) {
            throw new IllegalStateException("openblas_get_config could not be called", e);
        }
    }
}
