package org.espalier.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Optional;

/** Swaps two paths of one file system in a single step, as Linux's {@code renameat2} with {@code RENAME_EXCHANGE} does. */
public final class PathExchange {

    private static final int CURRENT_FOLDER = -100;
    private static final int EXCHANGE = 2;
    private static final Optional<MethodHandle> RENAMEAT2 = find();

    private PathExchange() {}

    /** Swaps what stands at the two paths, files or folders; false, and nothing happened, where this cannot be done. */
    public static boolean exchange(Path one, Path other) {
        if (RENAMEAT2.isEmpty()) {
            return false;
        }
        Charset names = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom(one.toAbsolutePath().toString(), names);
            MemorySegment to = arena.allocateFrom(other.toAbsolutePath().toString(), names);
            return (int) RENAMEAT2.get().invokeExact(CURRENT_FOLDER, from, CURRENT_FOLDER, to, EXCHANGE) == 0;
        } catch (Throwable e) {
            throw new IllegalStateException("renameat2 could not be called", e);
        }
    }

    private static Optional<MethodHandle> find() {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor signature = FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT);
        return linker.defaultLookup().find("renameat2").map(address -> linker.downcallHandle(address, signature));
    }
}
