package org.espalier.tape;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which parts of each gradient have been written in this walk, so that the first writer writes and later ones add. */
final class Coverage {

    private record Range(long start, long end) {}

    private final Map<Value, List<Range>> written = new HashMap<>();

    /** Whether any part of {@code value} has been written. */
    boolean any(Value value) {
        return written.containsKey(value.root());
    }

    /** Counts the part that {@code value} covers as written; returns whether it had been before. */
    boolean write(Value value) {
        List<Range> ranges = written.computeIfAbsent(value.root(), r -> new ArrayList<>());
        for (Range range : ranges) {
            if (range.start <= value.start() && value.end() <= range.end) {
                return true;
            }
            if (range.start < value.end() && value.start() < range.end) {
                throw new IllegalStateException(
                        "gradients of overlapping parts of " + value.root() + " cannot be added");
            }
        }
        insert(ranges, value.start(), value.end());
        return false;
    }

    /** Whether everything that {@code value} covers has been written. */
    boolean complete(Value value) {
        return written.getOrDefault(value.root(), List.of()).stream()
                .anyMatch(r -> r.start <= value.start() && value.end() <= r.end);
    }

    private static void insert(List<Range> ranges, long start, long end) {
        long low = start;
        long high = end;
        for (Range range : List.copyOf(ranges)) {
            if (range.end == low || range.start == high) {
                ranges.remove(range);
                low = Math.min(low, range.start);
                high = Math.max(high, range.end);
            }
        }
        ranges.add(new Range(low, high));
    }
}
