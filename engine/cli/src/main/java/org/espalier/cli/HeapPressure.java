package org.espalier.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Tells a heap that is all but full from one that works: the collector can go on almost without end for a few bytes a time,
 * and the serial one never says so. The heap is too small where, over {@value #LOOKS} looks, nearly all of it stays in use
 * after every collection while collecting takes much of the time.
 */
final class HeapPressure {

    static final int LOOKS = 6;
    private static final double MUCH_TIME = 0.3;
    private static final double NEARLY_ALL = 0.8;

    /**
     * What is seen at one time.
     *
     * @param millis     since whenever
     * @param collecting milliseconds spent on collecting since the start
     * @param live       bytes that were in use after the last collection
     * @param most       bytes that the heap may have
     */
    record Look(long millis, long collecting, long live, long most) {
        private boolean nearlyFull() {
            return live >= NEARLY_ALL * most;
        }
    }

    private final Deque<Look> looks = new ArrayDeque<>();

    /** Whether, with this look, the heap is found too small. */
    boolean tooHigh(Look look) {
        looks.addLast(look);
        if (looks.size() < LOOKS) {
            return false;
        }
        Look first = looks.removeFirst();
        return first.nearlyFull()
                && looks.stream().allMatch(Look::nearlyFull)
                && look.collecting() - first.collecting() >= MUCH_TIME * (look.millis() - first.millis());
    }
}
