package org.espalier.plan;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Numbers from 0 that do not fall, as near as can be to some that may: neighbours that fall become their mean (pool adjacent
 * violators, Ayer et al. 1955).
 */
final class Rising {

    private record Pool(double sum, int count) {

        double mean() {
            return sum / count;
        }
    }

    private Rising() {}

    static double[] of(double[] numbers) {
        Deque<Pool> pools = new ArrayDeque<>();
        for (double number : numbers) {
            Pool pool = new Pool(number, 1);
            while (!pools.isEmpty() && pools.getLast().mean() > pool.mean()) {
                Pool before = pools.removeLast();
                pool = new Pool(before.sum + pool.sum, before.count + pool.count);
            }
            pools.addLast(pool);
        }
        return pools.stream()
                .flatMapToDouble(pool -> {
                    double[] same = new double[pool.count];
                    Arrays.fill(same, Math.max(0, pool.mean()));
                    return Arrays.stream(same);
                })
                .toArray();
    }
}
