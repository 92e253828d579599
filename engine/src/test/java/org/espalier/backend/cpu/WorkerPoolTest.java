package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void runsEveryTaskOnceAndReturnsWhenAllAreDone(int threads) {
        try (WorkerPool pool = new WorkerPool(threads)) {
            for (int tasks : new int[] {0, 1, 2, 7, 1000}) {
                AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
                pool.run(tasks, (task, worker) -> {
                    assertTrue(worker >= 0 && worker < threads);
                    runs.incrementAndGet(task);
                });
                assertTrue(IntStream.range(0, tasks).allMatch(t -> runs.get(t) == 1), tasks + " tasks");
            }
        }
    }

    @Test
    void wakesWorkersThatHaveParked() throws InterruptedException {
        try (WorkerPool pool = new WorkerPool(2)) {
            for (int round = 0; round < 20; round++) {
                Thread.sleep(2);
                CountDownLatch both = new CountDownLatch(2);
                pool.run(2, (task, worker) -> {
                    both.countDown();
                    await(both);
                });
                assertEquals(0, both.getCount());
            }
        }
    }

    /** The first task ends when all others have: also the second, which is of the same thread's row. */
    @Test
    void whoIsThroughHelpsOthers() {
        try (WorkerPool pool = new WorkerPool(2)) {
            CountDownLatch others = new CountDownLatch(3);
            pool.run(4, (task, worker) -> {
                if (task > 0) {
                    others.countDown();
                } else {
                    await(others);
                }
            });
            assertEquals(0, others.getCount());
        }
    }

    @Test
    void survivesManyShortRuns() {
        try (WorkerPool pool = new WorkerPool(3)) {
            long[] sums = new long[4];
            for (int round = 0; round < 20_000; round++) {
                pool.run(4, (task, worker) -> sums[task]++);
            }
            assertTrue(IntStream.range(0, 4).allMatch(t -> sums[t] == 20_000));
        }
    }

    @Test
    void cutsARangeIntoStretches() {
        try (WorkerPool pool = new WorkerPool(2)) {
            Set<String> ranges = ConcurrentHashMap.newKeySet();
            pool.ranges(10, 4, (start, end) -> ranges.add(start + "-" + end));
            assertEquals(Set.of("0-4", "4-8", "8-10"), ranges);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void throwsWhatATaskThrewAndStaysUsable(int threads) {
        try (WorkerPool pool = new WorkerPool(threads)) {
            IllegalArgumentException wrong = new IllegalArgumentException("task 3");
            assertSame(
                    wrong,
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> pool.run(8, (task, worker) -> {
                                if (task == 3) {
                                    throw wrong;
                                }
                            })));
            boolean[] ran = new boolean[1];
            pool.run(1, (task, worker) -> ran[0] = true);
            assertTrue(ran[0]);
        }
    }

    @Test
    void refusesARunInsideATaskAndAfterItsEnd() {
        WorkerPool pool = new WorkerPool(2);
        assertThrows(IllegalStateException.class, () -> pool.run(4, (task, worker) -> pool.run(2, (inner, w) -> {})));
        pool.close();
        pool.close();
        assertThrows(IllegalStateException.class, () -> pool.run(1, (task, worker) -> {}));
        assertThrows(IllegalArgumentException.class, () -> new WorkerPool(0));
    }

    @Test
    void leavesNoThreadBehind() {
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        try (WorkerPool pool = new WorkerPool(3)) {
            CountDownLatch all = new CountDownLatch(3);
            pool.run(3, (task, worker) -> {
                seen.add(Thread.currentThread());
                all.countDown();
                await(all);
            });
        }
        assertEquals(3, seen.size());
        seen.remove(Thread.currentThread());
        seen.forEach(thread -> assertFalse(thread.isAlive()));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
