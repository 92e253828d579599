package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.ffi.cublas.CublasLibrary;
import org.espalier.ffi.cuda.CudaLibrary;
import org.junit.jupiter.api.Test;

/** Statuses of native calls as failures, and that the bindings are those of the CUDA 13 headers. */
class StatusTest {

    @Test
    void successIsSilent() {
        CudaStatus.check(0, "cuInit");
        CublasStatus.check(0, "cublasCreate");
    }

    @Test
    void failedDriverCallNamesOperationShapesAndRemedy() {
        Failure failure =
                assertThrows(Failure.class, () -> CudaStatus.check(2, "rmsnorm", new int[] {3, 64}, "eps", 4096L));
        assertEquals("rmsnorm [3, 64] eps 4096", failure.place());
        assertEquals(CudaStatus.describe(2), failure.problem());
        assertTrue(failure.advice().contains("smaller batch"), failure.oneLine());
    }

    @Test
    void failedProductNamesOperationShapesAndRemedy() {
        Failure failure = assertThrows(
                Failure.class,
                () -> CublasStatus.check(13, "cublasGemmEx", new long[] {7, 17}, "x", new long[] {17, 3}));
        assertEquals("cublasGemmEx [7, 17] x [17, 3]", failure.place());
        assertEquals(CublasStatus.describe(13), failure.problem());
        assertTrue(failure.advice().contains("--device cpu"), failure.oneLine());
    }

    @Test
    void statusIsNamedByTheLibraryOrANumber() {
        boolean driver = CudaDriver.find() instanceof Library.Loaded;
        assertEquals(driver ? "CUDA_ERROR_OUT_OF_MEMORY: out of memory" : "CUDA status 2", CudaStatus.describe(2));
        boolean cublas = Cublas.find() instanceof Library.Loaded;
        assertTrue(
                CublasStatus.describe(13).startsWith(cublas ? "CUBLAS_STATUS_EXECUTION_FAILED: " : "cuBLAS status 13"));
    }

    @Test
    void bindingsAreThoseOfTheHeaders() {
        assertEquals(13, CudaLibrary.CUDA_VERSION() / 1000);
        assertEquals(700, CudaLibrary.CUDA_ERROR_ILLEGAL_ADDRESS());
        assertEquals(75, CudaLibrary.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR());
        assertEquals(14, CublasLibrary.CUDA_R_16BF());
    }

    /** Those of which cuda.h says that the process must be terminated and relaunched, and that nobody can explain. */
    @Test
    void faultsThatEndAContextAreKnown() {
        int[] lasting = IntStream.range(0, 1000).filter(CudaStatus::endsContext).toArray();
        assertArrayEquals(new int[] {214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999}, lasting);
    }
}
