package org.espalier.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;

/**
 * oneDNN, for products of bfloat16 numbers in the processor's own instructions: the library that a person names or, failing
 * that, the one out of the platform jar on the class path. Nothing needs it: where it is missing, or the processor has no such
 * instructions, callers compute in another way, and {@link #state} says why.
 *
 * <p>Its OpenMP runtime starts threads of its own unless the environment forbids it before the library is opened; the caller's
 * threads call it, each alone.
 */
public final class OneDnn {

    static final Setting PATH = new Setting("espalier.onednn", "ESPALIER_ONEDNN");

    /** {@code dnnl_cpu_isa_t}: bits that both AVX-512 with bfloat16 and AMX have and processors without bfloat16 lack. */
    private static final int AVX512_BFLOAT16 = 0xe7;

    private static final String PACKED = "org/bytedeco/dnnl/linux-x86_64/";
    private static final String RUNTIME = "libgomp.so.1";
    private static final String MAIN = "libdnnl.so.3";
    private static final String PRODUCT = "dnnl_gemm_bf16bf16f32";

    /** Found or not, for the life of the process; null until somebody asks. */
    private static volatile State state;

    private OneDnn() {}

    /** What there is. */
    public sealed interface State {

        /**
         * Products of bfloat16 can be computed.
         *
         * @param description version, instructions and file
         * @param product     the function that {@link Bfloat16Products} calls
         */
        record Usable(String description, MethodHandle product) implements State {}

        /**
         * They cannot.
         *
         * @param reason why
         */
        record Unusable(String reason) implements State {}
    }

    /** Whether products of bfloat16 run in the processor's own instructions; opens the library at the first call. */
    public static boolean usable() {
        return state() instanceof State.Usable;
    }

    /** What there is; opens the library at the first call. */
    public static State state() {
        State known = state;
        return known != null ? known : find();
    }

    private static synchronized State find() {
        if (state == null) {
            state = Boolean.getBoolean(OpenBlas.PORTABLE_PROPERTY)
                    ? new State.Unusable("portable results need none of its instructions")
                    : open(PATH.value(), LibraryCache.ofUser());
        }
        return state;
    }

    /** Opens the given library or, when none is given, the packed one, and looks at the processor through it. */
    static State open(Optional<String> given, LibraryCache cache) {
        Libc.setenv("OMP_NUM_THREADS", "1");
        try {
            String path = given.isPresent() ? given.get() : unpackAndOpenRuntime(cache);
            return switch (Library.open(path)) {
                case Library.Absent absent -> new State.Unusable(String.join("; ", absent.reasons()));
                case Library.Loaded library -> usable(library);
            };
        } catch (Failure failure) {
            return new State.Unusable(failure.oneLine());
        }
    }

    /** The main library, which finds its OpenMP runtime already open. */
    private static String unpackAndOpenRuntime(LibraryCache cache) {
        URL source = OneDnn.class.getClassLoader().getResource(PACKED + MAIN);
        if (source == null) {
            throw new Failure("oneDNN is missing", PACKED + MAIN, "put the dnnl platform jar on the class path");
        }
        Path folder = cache.unpack(source, List.of(RUNTIME, MAIN));
        if (Library.open(folder.resolve(RUNTIME).toString()) instanceof Library.Absent absent) {
            throw absent.failure("oneDNN cannot be used", "set " + PATH.variable() + " to another");
        }
        return folder.resolve(MAIN).toString();
    }

    private static State usable(Library.Loaded library) {
        Optional<MemorySegment> isa = library.symbols().find("dnnl_get_effective_cpu_isa");
        Optional<MemorySegment> version = library.symbols().find("dnnl_version");
        Optional<MemorySegment> product = library.symbols().find(PRODUCT);
        if (isa.isEmpty() || version.isEmpty() || product.isEmpty()) {
            return new State.Unusable(library.name() + ": it is not oneDNN 3 with " + PRODUCT);
        }
        int instructions = instructions(isa.get());
        if ((instructions & AVX512_BFLOAT16) != AVX512_BFLOAT16) {
            return new State.Unusable("the processor has no bfloat16 instructions");
        }
        return new State.Usable(
                "oneDNN " + version(version.get()) + ", instructions 0x" + Integer.toHexString(instructions) + ", from "
                        + library.name(),
                Linker.nativeLinker().downcallHandle(product.get(), PRODUCT_TYPE));
    }

    /** {@code (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)}, row-major. */
    private static final FunctionDescriptor PRODUCT_TYPE = FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_BYTE,
            ValueLayout.JAVA_BYTE,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_FLOAT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_FLOAT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG);

    private static int instructions(MemorySegment function) {
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT))
                    .invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException("dnnl_get_effective_cpu_isa could not be called", e);
        }
    }

    /** The first three numbers of {@code dnnl_version_t}. */
    private static String version(MemorySegment function) {
        try {
            MemorySegment numbers = ((MemorySegment) Linker.nativeLinker()
                            .downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS))
                            .invokeExact())
                    .reinterpret(3L * Integer.BYTES);
            return numbers.getAtIndex(ValueLayout.JAVA_INT, 0) + "." + numbers.getAtIndex(ValueLayout.JAVA_INT, 1) + "."
                    + numbers.getAtIndex(ValueLayout.JAVA_INT, 2);
        } catch (Throwable e) {
            throw new IllegalStateException("dnnl_version could not be called", e);
        }
    }
}
