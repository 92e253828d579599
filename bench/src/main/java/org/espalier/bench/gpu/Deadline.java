package org.espalier.bench.gpu;

/** When a check, or a part of it, is to be over. */
final class Deadline {

    private static final double NANOSECONDS = 1e9;

    private final long start;
    private final double seconds;

    private Deadline(long start, double seconds) {
        this.start = start;
        this.seconds = seconds;
    }

    /** So many seconds from now; infinity for never. */
    static Deadline in(double seconds) {
        return new Deadline(System.nanoTime(), seconds);
    }

    /** A part of the time that is left, from now on. */
    Deadline share(double part) {
        return in(part * left());
    }

    /** Seconds that are left, 0 when it is over. */
    double left() {
        return Math.max(0, seconds - (System.nanoTime() - start) / NANOSECONDS);
    }

    boolean over() {
        return left() == 0;
    }
}
