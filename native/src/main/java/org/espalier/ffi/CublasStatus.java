package org.espalier.ffi;

import org.espalier.error.Failure;
import org.espalier.ffi.cublas.CublasLibrary;

/** The one place where a status of cuBLAS (a {@code cublasStatus_t}) becomes a failure. */
public final class CublasStatus {

    private CublasStatus() {}

    /**
     * Returns if the call succeeded.
     *
     * @param status    what cuBLAS returned
     * @param operation the call, for example {@code "cublasGemmEx"}, or the operation of which it is a part
     * @param shapes    the shapes of its operands
     * @throws Failure naming the status in the library's words, the operation and the shapes
     */
    public static void check(int status, String operation, Object... shapes) {
        if (status != CublasLibrary.CUBLAS_STATUS_SUCCESS()) {
            throw StatusFailure.of(describe(status), operation, shapes, advice(status));
        }
    }

    /** The status in the library's words, or as a number where there is no library to ask. */
    static String describe(int status) {
        if (Cublas.find() instanceof Library.Absent) {
            return "cuBLAS status " + status;
        }
        String name = Libc.text(CublasLibrary.cublasGetStatusName(status));
        return name + ": " + Libc.text(CublasLibrary.cublasGetStatusString(status));
    }

    private static String advice(int status) {
        if (status == CublasLibrary.CUBLAS_STATUS_ALLOC_FAILED()) {
            return "use a smaller batch, sequence or model, or --device cpu";
        }
        if (status == CublasLibrary.CUBLAS_STATUS_ARCH_MISMATCH()
                || status == CublasLibrary.CUBLAS_STATUS_NOT_INITIALIZED()) {
            return "install a cuBLAS that suits the driver and the device, or use --device cpu";
        }
        return "use --device cpu, and report this with these shapes";
    }
}
