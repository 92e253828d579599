package org.espalier.bench.gpu;

import java.util.Arrays;
import org.espalier.backend.Queue;

/** Times work that is queued: so many calls in a row that waiting for the last of them does not count. */
final class Stopwatch {

    private static final int ROUNDS = 5;
    private static final int MOST_CALLS = 10_000;

    private final double secondsOfARound;

    /** @param secondsOfARound how long the calls of a round take together, about */
    Stopwatch(double secondsOfARound) {
        this.secondsOfARound = secondsOfARound;
    }

    /** Seconds of one call: the median of several rounds, after the calls have run for a while. */
    double seconds(Queue queue, Runnable call) {
        time(queue, call, 1);
        double once = time(queue, call, 3);
        int calls = (int) Math.clamp((long) (secondsOfARound / Math.max(once, 1e-9)), 1L, MOST_CALLS);
        time(queue, call, calls);
        double[] rounds = new double[ROUNDS];
        for (int r = 0; r < ROUNDS; r++) {
            rounds[r] = time(queue, call, calls);
        }
        Arrays.sort(rounds);
        return rounds[ROUNDS / 2];
    }

    private static double time(Queue queue, Runnable call, int calls) {
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        queue.finish();
        return (System.nanoTime() - start) / 1e9 / calls;
    }
}
