package org.espalier.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.error.Failure;
import org.espalier.ffi.cuda.CudaLibrary;

/** A version of CUDA, such as 13.0. */
public record CudaVersion(int major, int minor) {

    /**
     * The newest version that the driver serves.
     *
     * @throws Failure if there is no driver, or it does not say
     */
    public static CudaVersion ofDriver() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment version = arena.allocate(ValueLayout.JAVA_INT);
            CudaStatus.check(CudaLibrary.cuDriverGetVersion(version), "cuDriverGetVersion");
            return of(version.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /** The version that CUDA writes as a number: 13000 for 13.0. */
    static CudaVersion of(int number) {
        return new CudaVersion(number / 1000, number % 1000 / 10);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
