package org.espalier.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.espalier.error.Failure;

/** The few functions of the C library that Java does not offer. */
final class Libc {

    private static final int RTLD_LAZY = 1;
    private static final MethodHandle SETENV = function(
            "setenv",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLOPEN =
            function("dlopen", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLERROR = function("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));

    private Libc() {}

    /** A function of the C library, looked up by name. */
    static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }

    /**
     * Sets an environment variable of this process as native code sees it, replacing an earlier value.
     * {@link System#getenv} keeps the values of the start.
     */
    static void setenv(String name, String value) {
        int status;
        try (Arena arena = Arena.ofConfined()) {
            status = (int) SETENV.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
        } catch (Throwable e) {
            throw new IllegalStateException("setenv could not be called", e);
        }
        if (status != 0) {
            throw new Failure("no environment variable could be set", name + "=" + value, "free memory");
        }
    }

    /** Why the dynamic linker refuses a library, in its own words: Java's lookup only says that it does. */
    static String whyNotOpened(String nameOrPath) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(nameOrPath), RTLD_LAZY);
            if (handle.address() != 0) {
                return nameOrPath + ": opened only at the second attempt";
            }
            MemorySegment reason = (MemorySegment) DLERROR.invokeExact();
            return reason.address() == 0 ? nameOrPath + ": cannot be opened" : text(reason);
        } catch (Throwable e) {
            throw new IllegalStateException("dlopen could not be called", e);
        }
    }

    /** The zero-terminated text at a native address, {@code ""} for a null pointer. */
    static String text(MemorySegment address) {
        return address.address() == 0 ? "" : address.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
