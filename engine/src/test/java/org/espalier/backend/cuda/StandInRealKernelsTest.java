package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.espalier.backend.HostCopy;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Faults in the product's own kernels and in how they are called: the stand-in finds each, and says where. */
@ExtendWith(StandIn.class)
class StandInRealKernelsTest {

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    /** The barrier between the warps' sums and their total: without it the second warp's sum is read too early. */
    @Test
    void barrierRemovedFromTheRealKernelIsFound() {
        String sound = KernelFiles.ptx("rmsnorm");
        String removed = sound.replaceAll("bar\\.sync[^;]*;", "");
        assertNotEquals(sound, removed);
        assertArrayEquals(new float[] {1, 1}, normalise(sound, 256, 256));
        Failure found = assertThrows(Failure.class, () -> normalise(removed, 256, 256));
        assertTrue(found.problem().contains("kernel rmsnorm_forward_f32"), found.problem());
        assertTrue(found.problem().contains("shared"), found.problem());
    }

    @Test
    void realKernelThatIsToldOfOneChannelTooManyIsFound() {
        Failure found = assertThrows(Failure.class, () -> normalise(KernelFiles.ptx("rmsnorm"), 17, 18));
        assertTrue(found.problem().contains("CUDA_ERROR_ILLEGAL_ADDRESS"), found.problem());
        assertTrue(found.problem().contains("4 bytes past device allocation"), found.problem());
    }

    /** The first and last of one row of ones, normalised; the kernel is told of {@code declared} channels. */
    private static float[] normalise(String ptx, int channels, int declared) {
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                CudaModule module =
                        CudaModule.loadPtx(queue.context(), "edited", ptx.getBytes(StandardCharsets.US_ASCII));
                Buffer x = cuda.allocate(4L * channels, "x");
                Buffer y = cuda.allocate(4L * channels, "y");
                Buffer rstd = cuda.allocate(4, "rstd")) {
            Tensor row = Tensor.of(x, DType.F32, Shape.of(channels));
            Tensor out = Tensor.of(y, DType.F32, Shape.of(channels));
            cuda.fill(queue, row, 1);
            try (CudaKernel.Call call = module.kernel("rmsnorm_forward_f32").on(queue)) {
                call.tensor(row)
                        .tensor(row)
                        .number(0f)
                        .tensor(out)
                        .tensor(Tensor.of(rstd, DType.F32, Shape.of(1)))
                        .number(declared)
                        .launch(CudaGrid.of(1, 64), "rmsNorm");
            }
            float[] all = HostCopy.readFloats(cuda, queue, out);
            return new float[] {all[0], all[channels - 1]};
        }
    }

    @Test
    void memoryNeverWrittenIsNotRead() {
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                Buffer x = cuda.allocate(16, "x");
                Buffer y = cuda.allocate(16, "y");
                Buffer rstd = cuda.allocate(4, "rstd")) {
            Tensor row = Tensor.of(x, DType.F32, Shape.of(1, 4));
            cuda.fill(queue, Tensor.of(x, DType.F32, Shape.of(4)).slice(0, 3), 1);
            cuda.rmsNorm(
                    queue,
                    row,
                    row.reshape(Shape.of(4)),
                    0,
                    Tensor.of(y, DType.F32, Shape.of(1, 4)),
                    Tensor.of(rstd, DType.F32, Shape.of(1)));
            Failure found = assertThrows(Failure.class, queue::finish);
            assertTrue(found.problem().contains("reads byte 12, never written, of device allocation"), found.problem());
        }
    }

    /** A fault is reported where the host waits, with the operation, and everything can still be given back. */
    @Test
    void faultSurfacesAtTheReadBack() {
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                Buffer x = cuda.allocate(16, "x")) {
            Tensor row = Tensor.of(x, DType.F32, Shape.of(4));
            Failure found = assertThrows(Failure.class, () -> HostCopy.readFloats(cuda, queue, row));
            assertEquals("download F32 [4]", found.place());
            assertTrue(found.problem().contains("never written"), found.problem());
        }
        assertEquals(List.of(), StandIn.leaks());
    }
}
