package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compaction in place beyond the list of cases: what it takes, and rows that have been overwritten. */
@ExtendWith(StandIn.class)
class CudaCompactTest {

    private static final int OUT = 40;
    private static final int IN = 6;
    private static final Shape WHOLE = Shape.of(OUT, IN);

    @Test
    void takesAnEighthOfTheRows() {
        int[] odd = IntStream.range(0, OUT / 2).map(i -> 2 * i + 1).toArray();
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer buffer = numbers(cuda, queue);
                Buffer list = ints(cuda, queue, odd)) {
            Tensor source = Tensor.of(buffer, DType.F32, WHOLE);
            Tensor target = source.slice(0, odd.length);
            long before = cuda.peakBytes();
            cuda.gather(queue, source, Tensor.of(list, DType.I32, Shape.of(odd.length)), null, target);
            assertEquals(before + target.slice(0, 3).bytes(), cuda.peakBytes());
            float[] expected = new float[odd.length * IN];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = IN * odd[i / IN] + i % IN;
            }
            assertArrayEquals(expected, HostCopy.readFloats(cuda, queue, target));
            assertEquals(2, cuda.outstanding().size());
        }
    }

    /** From the row before the place, whether that has been overwritten or not; the kernel says so where the host waits. */
    @ParameterizedTest
    @CsvSource({"1", "7", "19"})
    void rowFromBeforeItsPlaceStopsTheKernel(int early) {
        StandIn.requireItself();
        int[] rows =
                IntStream.range(0, OUT / 2).map(i -> i == early ? i - 1 : i).toArray();
        try (CudaBackend cuda = CudaBackend.open(0);
                Queue queue = cuda.newQueue();
                Buffer buffer = numbers(cuda, queue);
                Buffer list = ints(cuda, queue, rows)) {
            Tensor source = Tensor.of(buffer, DType.F32, WHOLE);
            cuda.gather(
                    queue,
                    source,
                    Tensor.of(list, DType.I32, Shape.of(rows.length)),
                    null,
                    source.slice(0, rows.length));
            Failure found = assertThrows(Failure.class, queue::finish);
            assertTrue(found.problem().startsWith("CUDA_ERROR_LAUNCH_FAILED"), found.problem());
            assertTrue(found.problem().contains("kernel gather_4,"), found.problem());
            assertTrue(found.problem().contains("trap"), found.problem());
        }
        // What the queue was to give back after the kernel.
        StandIn.reset();
    }

    /** {@link #WHOLE}, counting up from 0. */
    private static Buffer numbers(CudaBackend cuda, Queue queue) {
        Buffer buffer = cuda.allocate(DType.F32.bytes(WHOLE.elements()), "numbers");
        HostCopy.writeDoubles(
                cuda,
                queue,
                IntStream.range(0, OUT * IN).asDoubleStream().toArray(),
                Tensor.of(buffer, DType.F32, WHOLE));
        return buffer;
    }

    private static Buffer ints(CudaBackend cuda, Queue queue, int[] numbers) {
        Buffer buffer = cuda.allocate(4L * numbers.length, "rows");
        HostCopy.writeInts(cuda, queue, numbers, Tensor.of(buffer, DType.I32, Shape.of(numbers.length)));
        return buffer;
    }
}
