package org.espalier.model;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Which rows of a cache are free. */
public final class FreeRows {

    /** Lengths of free stretches, none of which touch, by their first rows. */
    private final TreeMap<Integer, Integer> free = new TreeMap<>();

    /** @param rows of the cache, all of them free */
    public FreeRows(int rows) {
        free.put(0, rows);
    }

    /** The first of {@code rows} neighbouring rows, which are no longer free; the lowest where there are several. */
    public OptionalInt take(int rows) {
        Optional<Map.Entry<Integer, Integer>> range = free.entrySet().stream()
                .filter(candidate -> candidate.getValue() >= rows)
                .findFirst();
        if (range.isEmpty()) {
            return OptionalInt.empty();
        }
        int first = range.get().getKey();
        int length = range.get().getValue();
        free.remove(first);
        if (length > rows) {
            free.put(first + rows, length - rows);
        }
        return OptionalInt.of(first);
    }

    /** Gives rows back. */
    public void giveBack(int first, int rows) {
        int start = first;
        int end = first + rows;
        Map.Entry<Integer, Integer> before = free.lowerEntry(first);
        if (before != null && before.getKey() + before.getValue() == first) {
            start = before.getKey();
        }
        Integer after = free.remove(end);
        free.put(start, end + (after == null ? 0 : after) - start);
    }
}
