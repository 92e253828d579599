package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two threads on one backend, each with a queue of its own. */
@ExtendWith(StandIn.class)
class TwoThreadsTest {

    /** Long enough for the slowest machine: what takes longer waits for ever. */
    private static final int SECONDS = 120;

    private static final int ROUNDS = 40;
    private static final int WIDTH = 6;
    private static final Sequences ONE_TOKEN = Sequences.cached(0, 1);

    /**
     * Products whose cuBLAS handle comes from the other thread's queue, which is being used or rests: threads that waited
     * for each other would never end, and a handle that two had would put a product into the wrong stream.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void productsOfTwoThreadsDoNotMeet(boolean othersFirst) throws Exception {
        order(othersFirst);
        try (CudaBackend cuda = CudaBackend.open(0)) {
            CyclicBarrier start = new CyclicBarrier(2);
            both(() -> products(cuda, start, 2), () -> products(cuda, start, 3));
        }
    }

    /** {@code y [6, 6] = x wᵀ}, of {@code factor} times ones and ones, and its way back, with rests at odd times. */
    private static boolean products(CudaBackend cuda, CyclicBarrier start, int factor) throws Exception {
        Shape square = Shape.of(WIDTH, WIDTH);
        try (Queue queue = cuda.newQueue();
                Buffer x = cuda.allocate(4 * square.elements(), "x");
                Buffer w = cuda.allocate(4 * square.elements(), "w");
                Buffer y = cuda.allocate(4 * square.elements(), "y")) {
            Tensor xs = Tensor.of(x, DType.F32, square);
            Tensor ws = Tensor.of(w, DType.F32, square);
            Tensor ys = Tensor.of(y, DType.F32, square);
            cuda.fill(queue, ws, 1);
            for (int round = 0; round < ROUNDS; round++) {
                start.await(SECONDS, TimeUnit.SECONDS);
                int number = factor * (round + 1);
                cuda.fill(queue, xs, number);
                cuda.linear(queue, xs, ws, null, ys);
                cuda.linearBackwardInput(queue, xs, ws, Target.accumulate(ys));
                if (round % factor == 0) {
                    queue.rest();
                }
                assertArrayEquals(all(2f * WIDTH * number), HostCopy.readFloats(cuda, queue, ys), "round " + round);
            }
        }
        return true;
    }

    private static float[] all(float number) {
        float[] numbers = new float[WIDTH * WIDTH];
        Arrays.fill(numbers, number);
        return numbers;
    }

    /**
     * While one thread captures, another allocates, uploads by pinned memory, reads what the captured queue wrote before,
     * and frees it: the capture is neither disturbed nor waited for.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherThreadGoesOnBesideACapture(boolean othersFirst) throws Exception {
        order(othersFirst);
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                Queue other = cuda.newQueue();
                Buffer counter = cuda.allocate(4, "counted");
                Buffer one = cuda.allocate(4, "one")) {
            Tensor number = Tensor.of(counter, DType.F32, Shape.of(1));
            Tensor ones = Tensor.of(one, DType.F32, Shape.of(1));
            cuda.fill(queue, ones, 1);
            Buffer before = cuda.allocate(4, "written before the capture");
            Tensor written = Tensor.of(before, DType.F32, Shape.of(1));
            cuda.fill(queue, written, 9);
            List<float[]> read = new ArrayList<>();
            int[] calls = {0};
            try (Repeat repeat = queue.repeatable(_ -> {
                cuda.fill(queue, number, 5);
                if (++calls[0] == 2) {
                    assertTrue(queue.capturing());
                    alone(() -> besideACapture(cuda, other, written, read));
                }
                cuda.accumulate(queue, ones, 2, Target.accumulate(number));
            })) {
                for (int run = 0; run < 3; run++) {
                    repeat.run(ONE_TOKEN);
                    assertArrayEquals(new float[] {7}, HostCopy.readFloats(cuda, queue, number));
                }
                assertEquals(Optional.empty(), repeat.refusal());
                assertEquals(2, calls[0], "once as it is, once captured");
            }
            assertArrayEquals(new float[] {9}, read.getFirst());
        }
    }

    private static boolean besideACapture(CudaBackend cuda, Queue queue, Tensor written, List<float[]> read) {
        read.add(HostCopy.readFloats(cuda, queue, written));
        written.buffer().close();
        Shape large = Shape.of(100_000);
        try (Buffer buffer = cuda.allocate(4 * large.elements(), "large enough to be pinned on the way")) {
            HostCopy.writeDoubles(cuda, queue, new double[(int) large.elements()], Tensor.of(buffer, DType.F32, large));
            queue.finish();
        }
        return true;
    }

    /** Looking for free memory waits for all streams, which the driver refuses in a capture: it waits for its end. */
    @Test
    void whoWaitsForTheWholeDeviceWaitsForTheEndOfACapture() throws Exception {
        StandIn.requireItself();
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                Buffer counter = cuda.allocate(4, "counted")) {
            Tensor number = Tensor.of(counter, DType.F32, Shape.of(1));
            CountDownLatch begun = new CountDownLatch(1);
            FutureTask<Boolean> looking = new FutureTask<>(() -> {
                begun.countDown();
                return cuda.ownMemory().isPresent();
            });
            int[] calls = {0};
            try (Repeat repeat = queue.repeatable(_ -> {
                if (++calls[0] == 2) {
                    FutureTask<Boolean> started = daemon(looking);
                    await(begun);
                    assertFalse(started.isDone());
                }
                cuda.fill(queue, number, 5);
            })) {
                repeat.run(ONE_TOKEN);
                repeat.run(ONE_TOKEN);
                assertEquals(Optional.empty(), repeat.refusal());
            }
            assertTrue(looking.get(SECONDS, TimeUnit.SECONDS));
            assertArrayEquals(new float[] {5}, HostCopy.readFloats(cuda, queue, number));
        }
    }

    /** Each leaves the context without use, and giving back what is left says nothing of it again. */
    @ParameterizedTest
    @ValueSource(ints = {214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999})
    void faultThatEndsTheContextIsSaidOnce(int status) {
        StandIn.requireItself();
        CudaBackend cuda = CudaBackend.open(0);
        Queue queue = cuda.newQueue();
        Buffer buffer = cuda.allocate(8, "two numbers");
        Tensor first = Tensor.of(buffer, DType.F32, Shape.of(2)).slice(0, 1);
        Tensor second = Tensor.of(buffer, DType.F32, Shape.of(2)).slice(1, 2);
        StandIn.set("fault", status);
        cuda.fill(queue, first, 1);
        cuda.accumulate(queue, first, 1, Target.overwrite(second));
        Failure fault = assertThrows(Failure.class, queue::finish);
        assertTrue(fault.problem().contains("a planted fault"), fault.problem());
        buffer.close();
        queue.close();
        cuda.close();
        StandIn.reset();
    }

    private static void order(boolean othersFirst) {
        if (othersFirst) {
            StandIn.requireItself();
            StandIn.setOthersFirst(true);
        }
    }

    private static void both(Callable<Boolean> first, Callable<Boolean> second) throws Exception {
        FutureTask<Boolean> one = daemon(new FutureTask<>(first));
        FutureTask<Boolean> two = daemon(new FutureTask<>(second));
        assertTrue(one.get(SECONDS, TimeUnit.SECONDS));
        assertTrue(two.get(SECONDS, TimeUnit.SECONDS));
    }

    /** In a thread of its own, for which the calling one waits. */
    private static void alone(Callable<Boolean> work) {
        try {
            assertTrue(daemon(new FutureTask<>(work)).get(SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Threads that wait for each other do not keep the tests from ending. */
    private static FutureTask<Boolean> daemon(FutureTask<Boolean> task) {
        Thread.ofPlatform().daemon().start(task);
        return task;
    }
}
