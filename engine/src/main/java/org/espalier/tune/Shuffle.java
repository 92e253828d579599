package org.espalier.tune;

import java.util.Random;

/** Random orders. */
final class Shuffle {

    /** A large odd number, so that sources with neighbouring seeds do not share an order. */
    private static final long SOURCES = 0x9E3779B97F4A7C15L;

    private Shuffle() {}

    /** All numbers from 0 in the order in which {@link java.util.Collections#shuffle} would bring them. */
    static int[] of(int[] numbers, Random random) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        for (int i = numbers.length; i > 1; i--) {
            int j = random.nextInt(i);
            int last = numbers[i - 1];
            numbers[i - 1] = numbers[j];
            numbers[j] = last;
        }
        return numbers;
    }

    /** The seed of a source; the first one's is the seed of all. */
    static long seed(long seed, int source) {
        return seed + source * SOURCES;
    }
}
