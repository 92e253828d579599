package org.espalier.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.espalier.error.Failure;

/**
 * The driver's {@code cuEventElapsedTime}, under whichever of its two names the driver has it: the second came with CUDA 12.8,
 * and drivers before that are served too.
 */
public final class CudaEventTime {

    private static final FunctionDescriptor TYPE =
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS);

    private CudaEventTime() {}

    /**
     * Seconds between two events that have happened, as the device counted them.
     *
     * @throws Failure if the driver does not say
     */
    public static double seconds(MemorySegment from, MemorySegment to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment milliseconds = arena.allocate(ValueLayout.JAVA_FLOAT);
            CudaStatus.check((int) Holder.FUNCTION.invokeExact(milliseconds, from, to), "cuEventElapsedTime");
            return milliseconds.get(ValueLayout.JAVA_FLOAT, 0) / 1e3;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a native function throws nothing", e);
        }
    }

    private static final class Holder {

        static final MethodHandle FUNCTION = Linker.nativeLinker().downcallHandle(function(), TYPE);

        private static MemorySegment function() {
            SymbolLookup driver = CudaDriver.symbols();
            return driver.find("cuEventElapsedTime_v2")
                    .or(() -> driver.find("cuEventElapsedTime"))
                    .orElseThrow(() -> new Failure(
                            "the NVIDIA driver has no cuEventElapsedTime", "CUDA events", "install a newer driver"));
        }
    }
}
