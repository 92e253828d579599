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
import java.util.Random;
import java.util.function.Consumer;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sequences;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that become a graph: what they see at each launch, when they are captured anew, and when they are not at all. */
@ExtendWith(StandIn.class)
class CudaRepeatTest {

    private static final int HEADS = 4;
    private static final int WIDTH = 8;
    private static final int ROWS = 700;
    private static final int MOST_QUERIES = 4;
    private static final int RUNS = 5;

    private final List<Buffer> buffers = new ArrayList<>();
    private CudaBackend cuda;
    private CudaQueue queue;

    @BeforeEach
    void open() {
        cuda = CudaBackend.open(0);
        queue = (CudaQueue) cuda.newQueue();
    }

    @AfterEach
    void close() {
        buffers.forEach(Buffer::close);
        queue.close();
        cuda.close();
    }

    /** Attention of a few queries over a cache, as its own step. */
    private final class Attending {

        final Tensor key = random(ROWS, 2, WIDTH);
        final Tensor value = random(ROWS, 2, WIDTH);
        final Tensor query = random(MOST_QUERIES, HEADS, WIDTH);
        final Tensor out = random(MOST_QUERIES, HEADS, WIDTH);
        final Tensor logSum = random(MOST_QUERIES, HEADS);
        int calls;

        void step(Sequences rows) {
            calls++;
            int queries = rows.queries();
            cuda.attention(
                    queue,
                    new AttentionInput(rows, 0.4, query.slice(0, queries), key, value),
                    out.slice(0, queries),
                    logSum.slice(0, queries));
        }

        float[] after(Consumer<Sequences> run, Sequences rows) {
            cuda.fill(queue, out, 9);
            run.accept(rows);
            return HostCopy.readFloats(cuda, queue, out.slice(0, rows.queries()));
        }
    }

    /** Lengths on either side of what a block has, and texts that are laid out otherwise than before. */
    @Test
    void everyLaunchLooksAtTheKeysThatItIsTold() {
        Attending attending = new Attending();
        try (Repeat repeat = queue.repeatable(attending::step)) {
            for (Sequences rows : List.of(
                    Sequences.cached(0, 1),
                    Sequences.cached(1, 1),
                    Sequences.cached(254, 1),
                    Sequences.cached(255, 1),
                    Sequences.cached(256, 1),
                    Sequences.cached(ROWS - 1, 1),
                    new Sequences(new int[] {0, 1}, new int[] {300}, new int[] {17}),
                    Sequences.cached(3, 1))) {
                assertArrayEquals(
                        attending.after(attending::step, rows), attending.after(repeat::run, rows), rows.toString());
            }
            // Once as it is, once to be captured; the comparison calls it eight times.
            assertEquals(8 + 2, attending.calls);
            assertEquals(Optional.empty(), repeat.refusal());
        }
    }

    @Test
    void rowsThatDivideOtherwiseAreCapturedAnew() {
        Attending attending = new Attending();
        try (Repeat repeat = queue.repeatable(attending::step)) {
            for (int queries : new int[] {1, 1, 1, 3, 3, 3, 1, 1, 1}) {
                Sequences rows = Sequences.cached(260, queries);
                assertArrayEquals(attending.after(attending::step, rows), attending.after(repeat::run, rows));
            }
            Sequences two = new Sequences(new int[] {0, 1, 2}, new int[] {0, 350}, new int[] {300, 20});
            for (int run = 0; run < 3; run++) {
                assertArrayEquals(attending.after(attending::step, two), attending.after(repeat::run, two));
            }
            assertEquals(12 + 4 * 2, attending.calls);
        }
    }

    /** A prompt of many queries, which a graph is not made for, and a step without any rows. */
    @Test
    void rowsThatNoGraphIsMadeForRunAsTheyAre() {
        Tensor x = random(1);
        int[] calls = new int[1];
        try (Repeat repeat = queue.repeatable(rows -> {
            calls[0]++;
            cuda.fill(queue, x, rows.queries());
        })) {
            for (int run = 1; run <= RUNS; run++) {
                repeat.run(Sequences.packed(100, 1));
                assertArrayEquals(new float[] {101}, HostCopy.readFloats(cuda, queue, x));
                assertEquals(run, calls[0]);
            }
        }
    }

    @Test
    void moreKeysThanTheCacheHoldsAreRefusedAsByTheStep() {
        Attending attending = new Attending();
        try (Repeat repeat = queue.repeatable(attending::step)) {
            for (int run = 0; run < 3; run++) {
                repeat.run(Sequences.cached(run, 1));
            }
            Sequences beyond = Sequences.cached(ROWS, 1);
            String refused = assertThrows(IllegalArgumentException.class, () -> attending.step(beyond))
                    .getMessage();
            assertEquals(
                    refused,
                    assertThrows(IllegalArgumentException.class, () -> repeat.run(beyond))
                            .getMessage());
            Sequences rows = Sequences.cached(8, 1);
            assertArrayEquals(attending.after(attending::step, rows), attending.after(repeat::run, rows));
        }
    }

    /** However the driver orders the work of two queues, a launch sees what was asked for before it, and is seen after. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void launchWaitsForOtherQueuesAndTheyForIt(boolean othersFirst) {
        if (StandIn.isItself()) {
            StandIn.setOthersFirst(othersFirst);
        }
        Tensor x = random(1);
        Tensor y = random(1);
        try (Queue other = cuda.newQueue();
                Repeat repeat = queue.repeatable(rows -> cuda.add(queue, x, x, 1, y))) {
            for (int run = 0; run < RUNS; run++) {
                cuda.fill(other, x, run);
                repeat.run(Sequences.cached(run, 1));
                assertArrayEquals(new float[] {2 * run}, HostCopy.readFloats(cuda, other, y));
            }
        }
    }

    /** The sequences are on the device only if they are put there: launched without, the graph looks at the old ones. */
    @Test
    void plantedStaleSequencesShow() throws CudaGraph.Refused {
        Attending attending = new Attending();
        Sequences before = Sequences.cached(10, 1);
        Sequences rows = Sequences.cached(290, 1);
        float[] old = attending.after(attending::step, before);
        float[] expected = attending.after(attending::step, rows);
        queue.record(new CudaQueue.Recording(false), () -> attending.step(before));
        try (CudaGraph graph = CudaGraph.capture(queue, new CudaQueue.Recording(true), () -> attending.step(before))) {
            assertArrayEquals(old, attending.after(told -> assertTrue(graph.launch()), rows));
            CudaDecoding.of(queue, cuda.session().memory())
                    .place(CudaSequences.ofFewQueries(rows).getFirst());
            assertArrayEquals(expected, attending.after(told -> assertTrue(graph.launch()), rows));
            assertFalse(Arrays.equals(old, expected));
        }
    }

    /** The step's own words for memory that is gone; and a graph whose room was given up for a larger one is made anew. */
    @Test
    void bufferFreedWhileAGraphUsesItIsNoticed() {
        Buffer gone = cuda.allocate(4, "what the step needs");
        Tensor x = Tensor.of(gone, DType.F32, Shape.of(1));
        try (Repeat repeat = queue.repeatable(rows -> cuda.fill(queue, x, 3))) {
            for (int run = 0; run < 3; run++) {
                repeat.run(Sequences.cached(run, 1));
            }
            assertArrayEquals(new float[] {3}, HostCopy.readFloats(cuda, queue, x));
            gone.close();
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> repeat.run(Sequences.cached(3, 1)));
            assertEquals("used after it was freed: what the step needs", refused.getMessage());
        }
    }

    @Test
    void roomThatGrowsIsFoundAgain() {
        Attending attending = new Attending();
        Tensor many = random(64, HEADS, WIDTH);
        Tensor logs = random(64, HEADS);
        int[] single = new int[64];
        Arrays.fill(single, 1);
        try (Repeat repeat = queue.repeatable(attending::step)) {
            Sequences rows = Sequences.cached(300, 1);
            float[] expected = attending.after(attending::step, rows);
            for (int run = 0; run < 3; run++) {
                assertArrayEquals(expected, attending.after(repeat::run, rows));
            }
            cuda.attention(
                    queue,
                    new AttentionInput(
                            Sequences.packed(single), 0.4, random(64, HEADS, WIDTH), attending.key, attending.value),
                    many,
                    logs);
            for (int run = 0; run < 3; run++) {
                assertArrayEquals(expected, attending.after(repeat::run, rows));
            }
            assertEquals(1 + 2 * 2, attending.calls);
        }
    }

    /** What the driver does not capture runs as it is, every time, and why is said. */
    @Test
    void stepThatCannotBeCapturedRunsAsItIs() {
        StandIn.requireItself();
        Tensor x = random(1);
        int[] calls = new int[1];
        try (Repeat repeat = queue.repeatable(rows -> {
            cuda.fill(queue, x, rows.keyEnd());
            calls[0]++;
            queue.finish();
        })) {
            for (int run = 0; run < RUNS; run++) {
                repeat.run(Sequences.cached(run, 1));
                assertArrayEquals(new float[] {run + 1}, HostCopy.readFloats(cuda, queue, x));
            }
            assertEquals(RUNS + 1, calls[0], "each run, and the attempt");
            assertTrue(
                    repeat.refusal()
                            .orElseThrow()
                            .startsWith("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED: "
                                    + "operation not permitted when stream is capturing"),
                    repeat.refusal().orElseThrow());
        }
    }

    /** A step that fails says so, whether it is captured or not, and the queue goes on. */
    @Test
    void errorOfTheStepIsItsOwn() {
        Tensor x = random(1);
        Tensor two = random(2);
        boolean[] wrong = new boolean[1];
        try (Repeat repeat = queue.repeatable(rows -> cuda.add(queue, x, wrong[0] ? two : x, 1, x))) {
            repeat.run(Sequences.cached(0, 1));
            wrong[0] = true;
            assertThrows(IllegalArgumentException.class, () -> repeat.run(Sequences.cached(1, 1)));
            wrong[0] = false;
            cuda.fill(queue, x, 1);
            for (int run = 0; run < 3; run++) {
                repeat.run(Sequences.cached(run, 1));
            }
            assertArrayEquals(new float[] {8}, HostCopy.readFloats(cuda, queue, x));
            assertEquals(Optional.empty(), repeat.refusal());
        }
    }

    @Test
    void stepThatAttendsToOtherSequencesIsRefused() {
        Attending attending = new Attending();
        try (Repeat repeat = queue.repeatable(rows -> attending.step(Sequences.cached(20, 1)))) {
            repeat.run(Sequences.cached(30, 1));
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> repeat.run(Sequences.cached(31, 1)));
            assertEquals("a step that is repeated attends to sequences that it was not told", refused.getMessage());
        }
    }

    @Test
    void productsOfCublasAreCapturedToo() {
        Tensor x = random(5, WIDTH);
        Tensor w = random(3, WIDTH);
        Tensor y = random(5, 3);
        cuda.linear(queue, x, w, null, y);
        float[] expected = HostCopy.readFloats(cuda, queue, y);
        long before = StandIn.isItself() ? StandIn.products() : 0;
        try (Repeat repeat = queue.repeatable(rows -> cuda.linear(queue, x, w, null, y))) {
            for (int run = 0; run < RUNS; run++) {
                cuda.fill(queue, y, 0);
                repeat.run(Sequences.cached(run, 1));
                assertArrayEquals(expected, HostCopy.readFloats(cuda, queue, y));
            }
            assertEquals(Optional.empty(), repeat.refusal());
            assertTrue(!StandIn.isItself() || StandIn.products() - before == RUNS, "carried out once a run");
        }
    }

    @Test
    void closedRepeatIsNotRunAndAnOpenOneIsALeak() {
        StandIn.requireItself();
        Tensor x = random(1);
        Repeat repeat = queue.repeatable(rows -> cuda.fill(queue, x, 3));
        for (int run = 0; run < 3; run++) {
            repeat.run(Sequences.cached(run, 1));
        }
        assertTrue(
                StandIn.leaks().contains("1 executable graph(s)"),
                StandIn.leaks().toString());
        repeat.close();
        assertTrue(
                StandIn.leaks().stream().noneMatch(l -> l.contains("graph")),
                StandIn.leaks().toString());
        assertThrows(IllegalStateException.class, () -> repeat.run(Sequences.cached(3, 1)));
    }

    private Tensor random(long... dims) {
        Shape shape = Shape.of(dims);
        Tensor tensor = cuda.allocate(DType.F32, shape, "numbers");
        buffers.add(tensor.buffer());
        Random random = new Random(buffers.size());
        double[] numbers =
                random.doubles(shape.elements(), -1, 1).map(x -> (float) x).toArray();
        HostCopy.writeDoubles(cuda, queue, numbers, tensor);
        return tensor;
    }
}
