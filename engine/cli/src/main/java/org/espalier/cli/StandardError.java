package org.espalier.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Puts back the caller's stderr. The launcher keeps it aside while the JVM starts, because Java announces the incubating
 * Vector API there before any code of ours runs; from here on every write, also a native library's, goes to the caller.
 */
final class StandardError {

    private static final int STDERR = 2;

    private StandardError() {}

    /** Makes descriptor 2 the one that the property {@code espalier.stderr} names, if it names one. */
    static void restore() {
        int kept = Integer.getInteger("espalier.stderr", STDERR);
        if (kept == STDERR) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        MethodHandle dup2 = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            int descriptor = (int) dup2.invokeExact(kept, STDERR);
            if (descriptor != STDERR) {
                throw new IllegalStateException("dup2(" + kept + ", " + STDERR + ") gave " + descriptor);
            }
        } catch (Throwable e) {
            throw new IllegalStateException("stderr could not be restored from descriptor " + kept, e);
        }
    }
}
