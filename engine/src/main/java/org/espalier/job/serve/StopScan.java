package org.espalier.job.serve;

import java.util.Comparator;
import java.util.List;

/**
 * Ends a text, which comes in pieces of any length, before the one of some strings that is complete first. What may be the
 * beginning of one is held back until it is certain.
 */
final class StopScan {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /** @param stops strings of at least one character */
    StopScan(List<String> stops) {
        this.stops = stops;
    }

    /** Takes more of the text in and returns what is certain to stay; nothing after the text was ended. */
    String add(String piece) {
        if (stopped) {
            return "";
        }
        held.append(piece);
        int end = first();
        stopped = end >= 0;
        return release(stopped ? end : held.length() - undecided());
    }

    /** What was held back, once the text is over. */
    String finish() {
        return stopped ? "" : release(held.length());
    }

    /** Whether one of the strings came. */
    boolean stopped() {
        return stopped;
    }

    private String release(int length) {
        String certain = held.substring(0, length);
        held.delete(0, length);
        return certain;
    }

    /** Where the one begins that is complete first, the longest of those that end together; -1 if there is none. */
    private int first() {
        return stops.stream()
                .filter(stop -> held.indexOf(stop) >= 0)
                .min(Comparator.comparingInt((String stop) -> held.indexOf(stop) + stop.length())
                        .thenComparingInt(held::indexOf))
                .map(held::indexOf)
                .orElse(-1);
    }

    /** The most characters at the end with which one of the strings begins. */
    private int undecided() {
        return stops.stream().mapToInt(this::undecided).max().orElse(0);
    }

    private int undecided(String stop) {
        int length = Math.min(held.length(), stop.length() - 1);
        while (!stop.startsWith(held.substring(held.length() - length))) {
            length--;
        }
        return length;
    }
}
