package org.espalier.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.backend.Precision;
import org.espalier.error.Failure;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;

/** Which CUDA devices there are, and whether they can be used. */
public final class CudaDevices {

    private CudaDevices() {}

    /**
     * A device.
     *
     * @param name       as the driver has it
     * @param capability compute capability, for example {@code 8.0}
     * @param memory     bytes in all
     * @param free       bytes that are free; 0 if it cannot be used
     * @param cublas     version of cuBLAS, for example {@code 13.1.0}; null if it cannot be used
     * @param refusal    why it cannot be used, or null
     */
    public record Found(
            String name,
            String capability,
            int multiprocessors,
            long memory,
            long free,
            String cublas,
            Failure refusal) {}

    /**
     * Whether this build and this machine look as if a GPU were to be used: kernels, a driver, a device. Without them
     * nobody expects one.
     */
    public static boolean expected() {
        if (!KernelFiles.built() || CudaDriver.find() instanceof Library.Absent) {
            return false;
        }
        try {
            return CudaDevice.count() > 0;
        } catch (Failure noDevice) {
            return false;
        }
    }

    /**
     * Opens the first device that can be used.
     *
     * @throws Failure why the first one cannot be used, if none can
     */
    public static CudaBackend open(Precision precision) {
        KernelFiles.requireKernels();
        Failure first = null;
        for (int ordinal = 0; ordinal < Math.max(1, CudaDevice.count()); ordinal++) {
            try {
                return CudaBackend.open(ordinal, precision);
            } catch (Failure refusal) {
                first = first == null ? refusal : first;
            }
        }
        throw first;
    }

    /**
     * Every device, after trying to open it.
     *
     * @throws Failure why there can be none: this build has no kernels, there is no driver, or it has no device
     */
    public static List<Found> all() {
        KernelFiles.requireKernels();
        List<Found> found = new ArrayList<>();
        int count = CudaDevice.count();
        for (int ordinal = 0; ordinal < count; ordinal++) {
            found.add(tried(ordinal));
        }
        return found;
    }

    /** Which kinds of device there are, for example {@code NVIDIA A100 (8.0)}, without opening any. */
    public static String kinds() {
        return IntStream.range(0, CudaDevice.count())
                .mapToObj(CudaDevice::of)
                .map(device -> device.name() + " (" + device.capability() + ")")
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static Found tried(int ordinal) {
        CudaDevice device = CudaDevice.of(ordinal);
        try (CudaBackend opened = CudaBackend.open(ordinal)) {
            return new Found(
                    device.name(),
                    device.capability(),
                    device.multiprocessors(),
                    device.memory(),
                    opened.freeBytes(),
                    opened.cublasVersion(),
                    null);
        } catch (Failure refusal) {
            return new Found(
                    device.name(), device.capability(), device.multiprocessors(), device.memory(), 0, null, refusal);
        }
    }
}
