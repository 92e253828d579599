package org.espalier.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.ffi.cuda.CudaLibrary;

/** The one place where a status of the CUDA driver (a {@code CUresult}) becomes a failure. */
public final class CudaStatus {

    /** Of which the driver says that the process' context can be used no longer. */
    private static final Set<Integer> LASTING = Set.of(
            CudaLibrary.CUDA_ERROR_ECC_UNCORRECTABLE(),
            CudaLibrary.CUDA_ERROR_NVLINK_UNCORRECTABLE(),
            CudaLibrary.CUDA_ERROR_CONTAINED(),
            CudaLibrary.CUDA_ERROR_ILLEGAL_ADDRESS(),
            CudaLibrary.CUDA_ERROR_LAUNCH_TIMEOUT(),
            CudaLibrary.CUDA_ERROR_CONTEXT_IS_DESTROYED(),
            CudaLibrary.CUDA_ERROR_ASSERT(),
            CudaLibrary.CUDA_ERROR_HARDWARE_STACK_ERROR(),
            CudaLibrary.CUDA_ERROR_ILLEGAL_INSTRUCTION(),
            CudaLibrary.CUDA_ERROR_MISALIGNED_ADDRESS(),
            CudaLibrary.CUDA_ERROR_INVALID_ADDRESS_SPACE(),
            CudaLibrary.CUDA_ERROR_INVALID_PC(),
            CudaLibrary.CUDA_ERROR_LAUNCH_FAILED(),
            CudaLibrary.CUDA_ERROR_UNKNOWN());

    private CudaStatus() {}

    /** Whether every later call in the context fails as well, those that give something back too. */
    public static boolean endsContext(int status) {
        return LASTING.contains(status);
    }

    /**
     * Returns if the call succeeded.
     *
     * @param status    what the driver returned
     * @param operation the call, for example {@code "cuMemAlloc"}, or the operation of which it is a part
     * @param shapes    what it was about: sizes, shapes, names
     * @throws Failure naming the status in the driver's words, the operation and the shapes
     */
    public static void check(int status, String operation, Object... shapes) {
        if (status != CudaLibrary.CUDA_SUCCESS()) {
            throw StatusFailure.of(describe(status), operation, shapes, advice(status));
        }
    }

    /** The status as its name and the driver's explanation, or as a number where there is no driver to ask. */
    static String describe(int status) {
        if (CudaDriver.find() instanceof Library.Absent) {
            return "CUDA status " + status;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(ValueLayout.ADDRESS);
            if (CudaLibrary.cuGetErrorName(status, text) != CudaLibrary.CUDA_SUCCESS()) {
                return "CUDA status " + status;
            }
            String name = Libc.text(text.get(ValueLayout.ADDRESS, 0));
            int known = CudaLibrary.cuGetErrorString(status, text);
            boolean explained = known == CudaLibrary.CUDA_SUCCESS();
            return explained ? name + ": " + Libc.text(text.get(ValueLayout.ADDRESS, 0)) : name;
        }
    }

    private static String advice(int status) {
        if (status == CudaLibrary.CUDA_ERROR_OUT_OF_MEMORY()) {
            return "use a smaller batch, sequence or model, or --device cpu";
        }
        if (status == CudaLibrary.CUDA_ERROR_NO_DEVICE()
                || status == CudaLibrary.CUDA_ERROR_INVALID_DEVICE()
                || status == CudaLibrary.CUDA_ERROR_STUB_LIBRARY()) {
            return "check that nvidia-smi lists a device, or use --device cpu";
        }
        if (status == CudaLibrary.CUDA_ERROR_NO_BINARY_FOR_GPU()
                || status == CudaLibrary.CUDA_ERROR_INVALID_PTX()
                || status == CudaLibrary.CUDA_ERROR_UNSUPPORTED_PTX_VERSION()
                || status == CudaLibrary.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH()
                || status == CudaLibrary.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE()) {
            return "install a driver for CUDA 12 or later, or use --device cpu";
        }
        if (status == CudaLibrary.CUDA_ERROR_ILLEGAL_ADDRESS()
                || status == CudaLibrary.CUDA_ERROR_MISALIGNED_ADDRESS()
                || status == CudaLibrary.CUDA_ERROR_LAUNCH_FAILED()) {
            return "this kernel or one queued before it is at fault: report it with these shapes, and use --device cpu";
        }
        return "use --device cpu, and report this if the driver works otherwise";
    }
}
