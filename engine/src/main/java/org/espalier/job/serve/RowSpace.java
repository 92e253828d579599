package org.espalier.job.serve;

import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Which rows of a cache are free. A sequence gets neighbouring rows, the first ones that there are. */
final class RowSpace {

    /** First row and number of every run of free rows; no two touch. */
    private final TreeMap<Integer, Integer> free = new TreeMap<>();

    RowSpace(int rows) {
        free.put(0, rows);
    }

    /** The first of {@code count} neighbouring rows, which are no longer free; empty if there are not as many together. */
    OptionalInt claim(int count) {
        for (Map.Entry<Integer, Integer> run : free.entrySet()) {
            int first = run.getKey();
            int length = run.getValue();
            if (length >= count) {
                free.remove(first);
                if (length > count) {
                    free.put(first + count, length - count);
                }
                return OptionalInt.of(first);
            }
        }
        return OptionalInt.empty();
    }

    /** Gives claimed rows back. */
    void release(int first, int count) {
        int begin = first;
        int end = first + count;
        Map.Entry<Integer, Integer> before = free.lowerEntry(first);
        if (before != null && before.getKey() + before.getValue() == begin) {
            begin = before.getKey();
        }
        Integer after = free.remove(end);
        if (after != null) {
            end += after;
        }
        free.put(begin, end - begin);
    }
}
