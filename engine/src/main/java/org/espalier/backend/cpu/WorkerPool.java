package org.espalier.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs numbered tasks on the calling thread and {@code threads - 1} daemons. Each thread begins with a row of tasks of its
 * own, so that it reads memory in one direction, and then helps with those of the others: which thread runs which task is
 * left to chance, so a result must not depend on it. Decoding dispatches hundreds of operations of a few microseconds for a token:
 * a waiting thread spins for a while before it parks.
 */
final class WorkerPool implements AutoCloseable {

    /** How long a thread with nothing to do spins before it parks: longer than the gaps inside a token. */
    private static final long SPIN_NANOS = 50_000;

    private static final int SPINS_BETWEEN_CLOCK_READS = 64;

    /** Counters of different threads are as far apart as processors exchange memory, two lines of 64 bytes. */
    private static final int APART = 128 / Integer.BYTES;

    /** One of a run's tasks. */
    @FunctionalInterface
    interface Task {

        /**
         * Runs one task.
         *
         * @param task   number of the task
         * @param worker number of the thread, for its scratch memory
         */
        void run(int task, int worker);
    }

    /** A part of a longer range. */
    @FunctionalInterface
    interface Range {

        /** Does entries {@code start} (included) to {@code end} (excluded). */
        void run(long start, long end);
    }

    private static final class Job {
        final Task body;
        final int tasks;
        final int rows;
        final Thread caller;
        /** The next task of each row. */
        final AtomicIntegerArray next;

        final AtomicInteger left;
        final AtomicReference<Throwable> failure = new AtomicReference<>();

        Job(Task body, int tasks, int threads, Thread caller) {
            this.body = body;
            this.tasks = tasks;
            this.rows = Math.min(tasks, threads);
            this.caller = caller;
            this.next = new AtomicIntegerArray(APART * rows);
            for (int row = 0; row < rows; row++) {
                next.setPlain(APART * row, end(row - 1));
            }
            this.left = new AtomicInteger(tasks);
        }

        /** Runs tasks until none is unclaimed. After a failure the rest are only counted. */
        void work(int worker) {
            for (int i = 0; i < rows; i++) {
                int row = (worker + i) % rows;
                for (int task = claim(row); task < end(row); task = claim(row)) {
                    run(task, worker);
                }
            }
        }

        private int claim(int row) {
            return next.getAndIncrement(APART * row);
        }

        /** The first task after those of a row. */
        private int end(int row) {
            return (int) ((long) tasks * (row + 1) / rows);
        }

        private void run(int task, int worker) {
            try {
                if (failure.get() == null) {
                    body.run(task, worker);
                }
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            } finally {
                if (left.decrementAndGet() == 0) {
                    LockSupport.unpark(caller);
                }
            }
        }

        boolean claimed() {
            for (int row = 0; row < rows; row++) {
                if (next.get(APART * row) < end(row)) {
                    return false;
                }
            }
            return true;
        }
    }

    private final Worker[] workers;
    private final AtomicReference<Thread> owner = new AtomicReference<>();
    private volatile Job current;
    private volatile boolean closed;

    WorkerPool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a pool of " + threads + " threads");
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /** All threads, the caller among them. */
    int threads() {
        return workers.length + 1;
    }

    /**
     * Runs tasks {@code 0 .. tasks - 1} and returns when all are done. The first exception of a task is thrown here.
     *
     * @throws IllegalStateException inside a task, from a second thread, or after {@link #close()}
     */
    void run(int tasks, Task body) {
        Thread caller = Thread.currentThread();
        if (!owner.compareAndSet(null, caller)) {
            throw new IllegalStateException("the worker pool is already running tasks, for " + owner.get());
        }
        try {
            if (closed) {
                throw new IllegalStateException("the worker pool is closed");
            }
            if (tasks <= 1 || workers.length == 0) {
                for (int task = 0; task < tasks; task++) {
                    body.run(task, 0);
                }
            } else {
                share(new Job(body, tasks, threads(), caller));
            }
        } finally {
            owner.set(null);
        }
    }

    /** Runs parts of {@code grain} entries, the last one shorter, until {@code count} entries are done. */
    void ranges(long count, int grain, Range body) {
        int tasks = Math.toIntExact((count + grain - 1) / grain);
        run(tasks, (task, worker) -> {
            long start = (long) task * grain;
            body.run(start, Math.min(count, start + grain));
        });
    }

    private void share(Job job) {
        current = job;
        for (int i = 0; i < Math.min(workers.length, job.tasks - 1); i++) {
            workers[i].wake();
        }
        job.work(0);
        await(job);
        current = null;
        rethrow(job.failure.get());
    }

    private static void await(Job job) {
        Spin spin = new Spin();
        while (job.left.get() > 0) {
            if (!spin.again()) {
                LockSupport.park(job);
            }
        }
    }

    private static void rethrow(Throwable failure) {
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    /** Ends the daemons; a second call does nothing. */
    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
        boolean interrupted = false;
        for (Worker worker : workers) {
            interrupted |= join(worker);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    /** Counts down one round of busy waiting. */
    private static final class Spin {
        private long end;
        private int spins;

        boolean again() {
            if (++spins % SPINS_BETWEEN_CLOCK_READS != 0) {
                Thread.onSpinWait();
                return true;
            }
            long now = System.nanoTime();
            if (end == 0) {
                end = now + SPIN_NANOS;
            }
            return now - end < 0;
        }
    }

    private final class Worker extends Thread {
        private final int number;
        private volatile boolean parked;

        Worker(int number) {
            super("espalier-worker-" + number);
            this.number = number;
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            Job last = null;
            while (!closed) {
                Job job = await(last);
                if (job != null) {
                    job.work(number);
                    last = job;
                }
            }
        }

        /** The next job with tasks to claim, or null when the pool was closed. */
        private Job await(Job last) {
            Spin spin = new Spin();
            while (!closed) {
                Job job = current;
                if (job != null && job != last && !job.claimed()) {
                    return job;
                }
                if (!spin.again()) {
                    park(last);
                    spin = new Spin();
                }
            }
            return null;
        }

        private void park(Job last) {
            parked = true;
            Job job = current;
            if (!closed && (job == null || job == last || job.claimed())) {
                LockSupport.park(WorkerPool.this);
            }
            parked = false;
        }
    }
}
