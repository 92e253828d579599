package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the cuda backend does beside its operations. */
@ExtendWith(StandIn.class)
class CudaBackendTest {

    /** Channels that are whole vectors and channels that are not, at starts that are aligned for vectors and not. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 17, 64, 65, 1028})
    void placeInMemoryChangesNoBit(int channels) {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue()) {
            float[] aligned = normalisedAt(cuda, queue, channels, 0);
            for (int shift = 1; shift < 4; shift++) {
                assertArrayEquals(aligned, normalisedAt(cuda, queue, channels, shift), "shifted by " + shift);
            }
        }
    }

    /** y, dX and dW of five tokens, whose tensors begin {@code shift} numbers into their buffers. */
    private static float[] normalisedAt(CudaBackend cuda, Queue queue, int channels, int shift) {
        int tokens = 5;
        int rows = tokens * channels;
        int end = shift + 4 * rows + 2 * channels + tokens;
        Shape matrix = Shape.of(tokens, channels);
        try (Buffer buffer = cuda.allocate(4L * end, "all operands")) {
            Tensor all = Tensor.of(buffer, DType.F32, Shape.of(end));
            HostCopy.writeDoubles(
                    cuda, queue, new Random(7).doubles(end - shift).toArray(), all.slice(shift, end));
            Tensor x = all.slice(shift, shift + rows).reshape(matrix);
            Tensor y = all.slice(shift + rows, shift + 2 * rows).reshape(matrix);
            Tensor dY = all.slice(shift + 2 * rows, shift + 3 * rows).reshape(matrix);
            Tensor dX = all.slice(shift + 3 * rows, shift + 4 * rows).reshape(matrix);
            Tensor w = all.slice(shift + 4 * rows, shift + 4 * rows + channels);
            Tensor dW = all.slice(shift + 4 * rows + channels, shift + 4 * rows + 2 * channels);
            Tensor rstd = all.slice(end - tokens, end);
            cuda.rmsNorm(queue, x, w, 1e-5, y, rstd);
            cuda.rmsNormBackward(queue, x, w, rstd, dY, Target.accumulate(dX), Target.accumulate(dW));
            return HostCopy.readFloats(cuda, queue, all.slice(shift, end));
        }
    }

    /** With beta 0 the targets are written whatever they hold: the stand-in refuses to read what was never written. */
    @Test
    void gradientsNeedNotBeInitialised() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer x = ones(cuda, queue, 7 * 65);
                Buffer w = ones(cuda, queue, 65);
                Buffer rstd = ones(cuda, queue, 7);
                Buffer dX = cuda.allocate(4 * 7 * 65, "dX");
                Buffer dW = cuda.allocate(4 * 65, "dW")) {
            Shape matrix = Shape.of(7, 65);
            Tensor xs = Tensor.of(x, DType.F32, matrix);
            Tensor dWs = Tensor.of(dW, DType.F32, Shape.of(65));
            cuda.rmsNormBackward(
                    queue,
                    xs,
                    Tensor.of(w, DType.F32, Shape.of(65)),
                    Tensor.of(rstd, DType.F32, Shape.of(7)),
                    xs,
                    Target.overwrite(Tensor.of(dX, DType.F32, matrix)),
                    Target.overwrite(dWs));
            assertEquals(7f, HostCopy.readFloats(cuda, queue, dWs)[64]);
        }
    }

    @Test
    void workWaitsUntilSomebodyWaitsForIt() {
        StandIn.requireItself();
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer x = ones(cuda, queue, 3);
                Buffer y = cuda.allocate(12, "y");
                Buffer rstd = cuda.allocate(4, "rstd")) {
            Tensor row = Tensor.of(x, DType.F32, Shape.of(1, 3));
            cuda.rmsNorm(
                    queue,
                    row,
                    row.reshape(Shape.of(3)),
                    0,
                    Tensor.of(y, DType.F32, Shape.of(1, 3)),
                    Tensor.of(rstd, DType.F32, Shape.of(1)));
            assertEquals(0, StandIn.launches());
            queue.finish();
            assertEquals(1, StandIn.launches());
        }
    }

    /** Closing a buffer that queued work still uses waits for that work. */
    @Test
    void buffersMayBeClosedWhileWorkIsQueued() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer y = cuda.allocate(12, "y")) {
            Tensor out = Tensor.of(y, DType.F32, Shape.of(1, 3));
            try (Buffer x = ones(cuda, queue, 3);
                    Buffer rstd = cuda.allocate(4, "rstd")) {
                Tensor row = Tensor.of(x, DType.F32, Shape.of(1, 3));
                cuda.rmsNorm(queue, row, row.reshape(Shape.of(3)), 0, out, Tensor.of(rstd, DType.F32, Shape.of(1)));
            }
            assertArrayEquals(new float[] {1, 1, 1}, HostCopy.readFloats(cuda, queue, out));
        }
    }

    @Test
    void plantedLeakIsNoticed() {
        StandIn.requireItself();
        try (CudaBackend cuda = CudaBackend.open(0)) {
            Buffer leak = cuda.allocate(1234, "a planted leak");
            assertEquals(List.of("1234 bytes for a planted leak"), cuda.outstanding());
            assertTrue(
                    StandIn.leaks().toString().contains("of 1234 bytes"),
                    StandIn.leaks().toString());
            leak.close();
            assertEquals(List.of(), cuda.outstanding());
            cuda.allocate(1234, "a leak that outlives its backend");
        }
        assertEquals(1, StandIn.leaks().size(), StandIn.leaks().toString());
        StandIn.reset();
    }

    @Test
    void deviceThatIsNotThereIsRefusedInOneLine() {
        Failure refused = assertThrows(Failure.class, () -> CudaBackend.open(99));
        assertTrue(refused.oneLine().startsWith("CUDA_ERROR_INVALID_DEVICE"), refused.oneLine());
    }

    @Test
    void wrongOperandsAreRefusedBeforeTheDeviceSeesThem() {
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaBackend other = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Queue otherQueue = other.newQueue();
                NativeMemory host = NativeMemory.allocate(12, "host");
                Buffer x = ones(cuda, queue, 6);
                Buffer rstd = cuda.allocate(8, "rstd")) {
            Tensor matrix = Tensor.of(x, DType.F32, Shape.of(2, 3));
            Tensor scales = Tensor.of(rstd, DType.F32, Shape.of(2));
            Tensor row = matrix.slice(0, 1).reshape(Shape.of(3));
            Tensor two = row.slice(0, 2);
            assertThrows(IllegalArgumentException.class, () -> cuda.rmsNorm(queue, matrix, two, 0, matrix, scales));
            assertThrows(
                    IllegalArgumentException.class, () -> cuda.rmsNorm(otherQueue, matrix, row, 0, matrix, scales));
            assertThrows(IllegalArgumentException.class, () -> cuda.upload(queue, host.segment(), matrix));
            Tensor wide = new Tensor(x, 0, DType.F64, Shape.of(3));
            IllegalArgumentException type = assertThrows(
                    IllegalArgumentException.class, () -> cuda.rmsNorm(queue, matrix, wide, 0, matrix, scales));
            assertTrue(type.getMessage().contains("w F64 [3]"), type.getMessage());
        }
    }

    @Test
    void anotherThreadMayUseTheBackend() throws InterruptedException {
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue()) {
            float[][] read = new float[1][];
            Thread thread = new Thread(() -> {
                try (Buffer x = ones(cuda, queue, 3)) {
                    read[0] = HostCopy.readFloats(cuda, queue, Tensor.of(x, DType.F32, Shape.of(3)));
                }
            });
            thread.start();
            thread.join();
            assertArrayEquals(new float[] {1, 1, 1}, read[0]);
        }
    }

    private static Buffer ones(CudaBackend cuda, Queue queue, int count) {
        Buffer buffer = cuda.allocate(4L * count, "ones");
        cuda.fill(queue, Tensor.of(buffer, DType.F32, Shape.of(count)), 1);
        return buffer;
    }
}
