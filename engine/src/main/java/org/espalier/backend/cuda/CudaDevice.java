package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.error.Failure;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.CudaVersion;
import org.espalier.ffi.cuda.CudaLibrary;

/**
 * A device as the driver describes it; nothing is opened.
 *
 * @param number the driver's own
 */
record CudaDevice(int number) {

    private static final int NAME_BYTES = 256;
    private static final int OLDEST_MAJOR = 8;

    /**
     * @param ordinal which device, counted from 0
     * @throws Failure if there is no driver or no such device
     */
    static CudaDevice of(int ordinal) {
        start();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
            CudaStatus.check(CudaLibrary.cuDeviceGet(number, ordinal), "cuDeviceGet", ordinal);
            return new CudaDevice(number.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /**
     * How many devices there are, 1 at least.
     *
     * @throws Failure if there is no driver or no device
     */
    static int count() {
        start();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            CudaStatus.check(CudaLibrary.cuDeviceGetCount(count), "cuDeviceGetCount");
            return count.get(ValueLayout.JAVA_INT, 0);
        }
    }

    private static void start() {
        CudaDriver.symbols();
        CudaStatus.check(CudaLibrary.cuInit(0), "cuInit");
    }

    /** Refuses a driver or device that cannot run the kernels of this build. */
    void require() {
        int needed = KernelFiles.cudaVersion();
        CudaVersion offered = CudaVersion.ofDriver();
        if (offered.major() < needed) {
            throw new Failure(
                    "the NVIDIA driver is too old",
                    "it is for CUDA %s, this build's kernels are for CUDA %d".formatted(offered, needed),
                    "install a driver for CUDA " + needed + " or later, or use --device cpu");
        }
        if (attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR()) < OLDEST_MAJOR) {
            throw new Failure(
                    "the GPU is too old",
                    name() + " has compute capability " + capability(),
                    "use one of " + OLDEST_MAJOR + ".0 (Ampere) or later, or --device cpu");
        }
        if (attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED()) == 0) {
            throw new Failure(
                    "the GPU has no memory pools",
                    name(),
                    "a virtual GPU may need them allowed by whoever runs the machine; or use --device cpu");
        }
    }

    String name() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(NAME_BYTES);
            CudaStatus.check(CudaLibrary.cuDeviceGetName(text, NAME_BYTES, number), "cuDeviceGetName", number);
            return text.getString(0);
        }
    }

    /** For example {@code 8.0}. */
    String capability() {
        return attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR()) + "."
                + attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR());
    }

    int multiprocessors() {
        return attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT());
    }

    /** Memory in all, in bytes. */
    long memory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
            CudaStatus.check(CudaLibrary.cuDeviceTotalMem_v2(bytes, number), "cuDeviceTotalMem", number);
            return bytes.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** A number that the driver knows of the device, one of its {@code CU_DEVICE_ATTRIBUTE_…}. */
    int attribute(int name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            CudaStatus.check(CudaLibrary.cuDeviceGetAttribute(value, name, number), "cuDeviceGetAttribute", name);
            return value.get(ValueLayout.JAVA_INT, 0);
        }
    }
}
