package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The driver that these tests run on: the stand-in that {@code kernels/build.sh} makes, or the library that
 * {@code -Despalier.cuda} or {@code ESPALIER_CUDA} names, which may be the real one. As an extension it skips a test
 * where there is no driver. Every test starts with nothing allocated, and one that leaves anything behind fails.
 */
public final class StandIn implements BeforeEachCallback {

    private static final String PROPERTY = "espalier.cuda";
    private static final String CUBLAS_PROPERTY = "espalier.cublas";
    private static final int TEXT_BYTES = 16384;

    /** Whether a test has asked for it in this JVM, and it is not a real driver. */
    private static volatile boolean used;

    /** Makes the driver known, or skips the test that asks, saying what is missing. */
    public static void require() {
        if (System.getProperty(PROPERTY) == null && System.getenv("ESPALIER_CUDA") == null) {
            Path built = built();
            assumeTrue(
                    Files.exists(built),
                    () -> "skipped: no stand-in driver " + built + "; it is built with nvcc (CUDA 13) and g++");
            System.setProperty(PROPERTY, built.toString());
            System.setProperty(
                    CUBLAS_PROPERTY,
                    built.resolveSibling("libespalier-standin-cublas.so").toString());
        }
        if (CudaDriver.find() instanceof Library.Absent absent) {
            abort("skipped: no CUDA driver: " + absent.reasons());
        }
        assumeTrue(
                StandIn.class.getResource("/META-INF/espalier/kernels/rmsnorm.ptx") != null,
                "skipped: this build has no CUDA kernels; they are compiled where nvcc (CUDA 13) is installed");
        used = isItself();
    }

    /** Skips the test that asks on a real driver, which cannot tell what it wants to know. */
    public static void requireItself() {
        require();
        assumeTrue(isItself(), "skipped: the driver is a real one, not the stand-in");
    }

    public static boolean isItself() {
        return library().symbols().find("standin_reset").isPresent();
    }

    /** What the last error was about. */
    static String report() {
        MemorySegment text = (MemorySegment) call("standin_last_report", FunctionDescriptor.of(ValueLayout.ADDRESS));
        return text.reinterpret(TEXT_BYTES).getString(0);
    }

    /** What is not given back, one line each. */
    public static List<String> leaks() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            long count = (long) call(
                    "standin_leaks",
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                    text,
                    (long) TEXT_BYTES);
            List<String> lines = text.getString(0).lines().toList();
            assertEquals(count, lines.size());
            return lines;
        }
    }

    /** Kernels that were carried out, not merely queued. */
    public static long launches() {
        return (long) call("standin_launches", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    }

    /** As above, of the kernel of that name. */
    public static long launches(String kernel) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) call(
                    "standin_launches_of",
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                    arena.allocateFrom(kernel));
        }
    }

    /** How many PTX instructions the kernel of that name has; 0 if it was not loaded since the test began. */
    static long instructions(String kernel) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) call(
                    "standin_instructions_of",
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                    arena.allocateFrom(kernel));
        }
    }

    /** PTX lines of the instructions of a kernel that no thread has carried out since the test began, in ascending order. */
    static List<Integer> unreached(String kernel) {
        try (Arena arena = Arena.ofConfined()) {
            long room = instructions(kernel);
            MemorySegment lines = arena.allocate(ValueLayout.JAVA_INT, room);
            long count = (long) call(
                    "standin_unreached_of",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                    arena.allocateFrom(kernel),
                    lines,
                    room);
            return Arrays.stream(lines.asSlice(0, count * Integer.BYTES).toArray(ValueLayout.JAVA_INT))
                    .boxed()
                    .toList();
        }
    }

    /** Calls that launch one kernel, in captures too. */
    public static long launchCalls() {
        return (long) call("standin_launch_calls", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    }

    /** Calls that launch a graph. */
    public static long graphLaunches() {
        return (long) call("standin_graph_launches", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    }

    /** Matrix products that were carried out, not merely queued. */
    public static long products() {
        return (long) call("standin_products", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    }

    /** Waits of streams for events that were asked for since the test began or reset. */
    public static long waits() {
        return (long) call("standin_waits", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    }

    /** Gives the device so much memory, until the next test. */
    public static void setMemory(long bytes) {
        set("memory", bytes);
    }

    /** Whether a wait for one queue lets the work of the others happen before, until the next test; else it is left. */
    public static void setOthersFirst(boolean first) {
        set("others_first", first ? 1 : 0);
    }

    /** Makes the device or its driver another one, until the next test; {@code standin.h} says what there is. */
    public static void set(String subject, long value) {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(
                    1,
                    call(
                            "standin_set",
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                            arena.allocateFrom(subject),
                            value),
                    subject);
        }
    }

    public static void reset() {
        call("standin_reset", FunctionDescriptor.ofVoid());
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        require();
    }

    /** Called before every test of the module: nothing is allocated, and the device is as it is at first. */
    public static void begin() {
        if (used) {
            reset();
        }
    }

    /** Called after every test of the module: fails one that leaves anything on the device. */
    public static void end() {
        if (used) {
            assertEquals(List.of(), leaks(), "left behind on the device");
        }
    }

    private static Object call(String function, FunctionDescriptor descriptor, Object... arguments) {
        MethodHandle handle =
                Linker.nativeLinker().downcallHandle(library().symbols().findOrThrow(function), descriptor);
        try {
            return handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(function, e);
        }
    }

    private static Library.Loaded library() {
        return (Library.Loaded) CudaDriver.find();
    }

    private static Path built() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.exists(folder.resolve("kernels/build.sh"))) {
            folder = folder.getParent();
        }
        return (folder == null ? Path.of("") : folder).resolve("kernels/target/standin/libespalier-standin.so");
    }
}
