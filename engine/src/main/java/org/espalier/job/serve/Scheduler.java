package org.espalier.job.serve;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.espalier.job.serve.Decoding.Next;
import org.espalier.job.serve.Decoding.Part;
import org.espalier.model.FreeRows;

/**
 * Lets sequences go through a model together on one thread. Before every run those that wait join, in their order, while there
 * are rows of the cache for them; those that write add a token each, those that read a piece of their prompt.
 */
final class Scheduler implements AutoCloseable {

    /** Tokens of a run: as many as make matrix products fast, few enough that those who write do not wait long. */
    private static final int RUN_TOKENS = 512;
    /** Logits that are there at once: 64 MB, unless more sequences write. */
    private static final int RUN_LOGITS = 1 << 24;

    private final Decoding decoding;
    private final int together;
    private final int longestQueue;
    private final FreeRows rows;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Guarded by the lock, as all below. */
    private final Deque<Running> waiting = new ArrayDeque<>();

    private boolean draining;
    private boolean closing;
    private boolean idle = true;
    private Optional<Throwable> fault = Optional.empty();

    /** Of the scheduler's thread alone. */
    private final List<Running> running = new ArrayList<>();

    /**
     * Starts the thread.
     *
     * @param decoding     stays open until the scheduler is closed
     * @param together     sequences that go through the model at once at most
     * @param longestQueue sequences that may wait
     */
    Scheduler(Decoding decoding, int together, int longestQueue) {
        this.decoding = decoding;
        this.together = together;
        this.longestQueue = longestQueue;
        this.rows = new FreeRows(decoding.rows());
        this.thread = Thread.ofPlatform().name("decoding").daemon().unstarted(this::work);
        thread.start();
    }

    /**
     * Queues the sequences of a request, all or none. A request of more than may wait is taken when none waits.
     *
     * @throws Refused if too many wait, or the scheduler is closed
     */
    void submit(List<Running> sequences) {
        lock.lock();
        try {
            if (draining || closing || fault.isPresent()) {
                throw new Refused(Refused.Reason.CLOSED, "the server is shutting down");
            }
            if (!waiting.isEmpty() && waiting.size() + sequences.size() > longestQueue) {
                throw new Refused(
                        Refused.Reason.BUSY, waiting.size() + " sequences wait already; try again a little later");
            }
            waiting.addAll(sequences);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Takes nothing in any more and waits until all is answered, or the time is over. */
    void drain(Duration time) {
        lock.lock();
        try {
            draining = true;
            long left = time.toNanos();
            while (left > 0 && fault.isEmpty() && !(idle && waiting.isEmpty())) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the scheduler ends; returns the error that ended it, if it was not closed. */
    Optional<Throwable> await() throws InterruptedException {
        thread.join();
        return fault;
    }

    private void work() {
        try {
            while (admit()) {
                step();
            }
        } catch (Throwable e) {
            // Kept for those who wait for the end: an error such as a full heap is theirs to report.
            end(Optional.of(e));
            return;
        }
        end(Optional.empty());
    }

    /** Lets sequences join, waiting for one if there is none; returns whether to go on. */
    private boolean admit() {
        lock.lock();
        try {
            running.removeIf(this::left);
            idle = running.isEmpty();
            waiting.removeIf(sequence -> sequence.sink().cancelled());
            while (!closing && running.isEmpty() && waiting.isEmpty()) {
                changed.signalAll();
                changed.awaitUninterruptibly();
            }
            join();
            idle = running.isEmpty();
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    private boolean left(Running sequence) {
        boolean left = sequence.done() || sequence.sink().cancelled();
        if (left) {
            rows.giveBack(sequence.row(), sequence.sequence().rows());
        }
        return left;
    }

    private void join() {
        while (running.size() < together && !waiting.isEmpty()) {
            OptionalInt row = rows.take(waiting.getFirst().sequence().rows());
            if (row.isEmpty()) {
                return;
            }
            Running sequence = waiting.removeFirst();
            running.add(sequence);
            attempt(List.of(sequence), () -> sequence.begin(row.getAsInt()));
        }
    }

    private void step() {
        List<Running> taking = new ArrayList<>();
        List<Part> parts = new ArrayList<>();
        choose(taking, parts);
        if (!parts.isEmpty()) {
            attempt(taking, () -> run(taking, parts));
        }
    }

    /** Those that write come first, so that prompts make them wait for no more than a run. */
    private void choose(List<Running> taking, List<Part> parts) {
        int tokens = RUN_TOKENS;
        int places = Math.max(together, RUN_LOGITS / decoding.vocabulary());
        for (boolean writing : new boolean[] {true, false}) {
            for (Running sequence : running) {
                if (!sequence.done() && sequence.writing() == writing && tokens > 0 && places > 0) {
                    Part part = decoding.readsPromptsWhole()
                            ? sequence.next(Integer.MAX_VALUE, Integer.MAX_VALUE)
                            : sequence.next(tokens, places);
                    tokens -= part.ids().length;
                    places -= part.places();
                    taking.add(sequence);
                    parts.add(part);
                }
            }
        }
    }

    private void run(List<Running> taking, List<Part> parts) {
        Next next = decoding.run(parts);
        int place = 0;
        for (int i = 0; i < parts.size(); i++) {
            Running sequence = taking.get(i);
            Part part = parts.get(i);
            int first = place;
            attempt(List.of(sequence), () -> sequence.advance(part, next, first));
            place += part.places();
        }
    }

    /** A failure ends the sequences that it is about, and nothing else. */
    private static void attempt(List<Running> about, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            about.forEach(sequence -> sequence.fail(e));
        }
    }

    private void end(Optional<Throwable> error) {
        List<Running> cut = new ArrayList<>(running);
        lock.lock();
        try {
            fault = error;
            idle = true;
            cut.addAll(waiting);
            waiting.clear();
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        Refused reason = new Refused(Refused.Reason.CLOSED, "the server was stopped before the answer was complete");
        cut.stream().filter(sequence -> !sequence.done()).forEach(sequence -> sequence.fail(reason));
    }

    /** Cuts off what is not answered yet and ends the thread; the decoding stays open. */
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
