package org.espalier.bench.gpu;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.espalier.backend.Queue;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaTimer;

/** Times work that is queued, by the device's clock: so many calls in a row that their beginning does not count. */
final class Stopwatch {

    private static final int ROUNDS = 5;
    private static final int MOST_CALLS = 10_000;
    /** What no call of a device takes less than. */
    private static final double SHORTEST = 1e-9;

    private final double secondsOfARound;

    /** @param secondsOfARound how long the calls of a round take together, about */
    Stopwatch(double secondsOfARound) {
        this.secondsOfARound = secondsOfARound;
    }

    /** Seconds of one call: the median of several rounds, after the calls have run for a while. */
    double seconds(CudaBackend cuda, Queue queue, Runnable call) {
        return seconds(cuda, queue, number -> call.run());
    }

    /** As above, of calls that are told which one of them they are, counted from 0. */
    double seconds(CudaBackend cuda, Queue queue, IntConsumer call) {
        try (CudaTimer timer = new CudaTimer(cuda)) {
            time(timer, queue, call, 1);
            double once = time(timer, queue, call, 3);
            int calls = (int) Math.clamp((long) (secondsOfARound / once), 1L, MOST_CALLS);
            time(timer, queue, call, calls);
            double[] rounds = new double[ROUNDS];
            for (int r = 0; r < ROUNDS; r++) {
                rounds[r] = time(timer, queue, call, calls);
            }
            Arrays.sort(rounds);
            return rounds[ROUNDS / 2];
        }
    }

    private static double time(CudaTimer timer, Queue queue, IntConsumer call, int calls) {
        double seconds = timer.seconds(queue, () -> {
            for (int i = 0; i < calls; i++) {
                call.accept(i);
            }
        });
        return Math.max(SHORTEST, seconds / calls);
    }
}
