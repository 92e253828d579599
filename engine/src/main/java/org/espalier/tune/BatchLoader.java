package org.espalier.tune;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.espalier.model.Packed;

/**
 * Makes the micro-batches of updates ahead on a thread of its own, so that none waits for texts to be read and encoded. They come
 * through a queue of a few updates, so that memory does not depend on how many there are.
 */
final class BatchLoader implements AutoCloseable {

    /** Updates that are ready before they are asked for. */
    private static final int AHEAD = 2;
    /** How long one thread waits for the other before it looks whether that has ended. */
    private static final long LOOK_MILLIS = 20;

    private final TrainingBatches batches;
    private final BlockingQueue<List<Packed>> ready = new ArrayBlockingQueue<>(AHEAD);
    private final Thread thread;
    private volatile Throwable failure;
    private volatile boolean closed;

    /** @param made updates that were made before, and are passed over */
    BatchLoader(TrainingBatches batches, int made) {
        this.batches = batches;
        thread = Thread.ofPlatform().name("espalier-loader").daemon().unstarted(() -> load(made));
        thread.start();
    }

    private void load(int made) {
        try {
            Iterator<List<int[]>> updates = batches.iterator();
            for (int i = 0; i < made; i++) {
                updates.next();
            }
            while (!closed && updates.hasNext()) {
                List<Packed> update = updates.next().stream().map(batches::pack).toList();
                while (!closed && !ready.offer(update, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {}
            }
        } catch (InterruptedException e) {
            failure = new IllegalStateException("the loader of samples was interrupted", e);
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    /**
     * The micro-batches of the next update, of which there must be one.
     *
     * @throws org.espalier.error.Failure why they could not be made
     */
    List<Packed> next() {
        while (true) {
            // Looked at before the queue: what was put there before it failed still comes out.
            Throwable thrown = failure;
            List<Packed> update = poll(thrown == null ? LOOK_MILLIS : 0);
            if (update != null) {
                return update;
            }
            if (thrown instanceof Error error) {
                throw error;
            }
            if (thrown != null) {
                throw (RuntimeException) thrown;
            }
        }
    }

    private List<Packed> poll(long millis) {
        try {
            return ready.poll(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while samples were loaded", e);
        }
    }

    /** Waits for what is being made just then. */
    @Override
    public void close() {
        closed = true;
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
