package org.espalier.tape;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which parts of each gradient have been written in this walk, so that the first writer writes and later ones add. */
final class Coverage {

    private record Range(long from, long to) {}

    private final Map<Value, List<Range>> written = new HashMap<>();

    /** Whether any part of {@code value} has been written. */
    boolean any(Value value) {
        return written.containsKey(value.root());
    }

    /** Counts the part that {@code value} covers as written; returns whether it had been before. */
    boolean write(Value value) {
        List<Range> ranges = written.computeIfAbsent(value.root(), r -> new ArrayList<>());
        for (Range range : ranges) {
            if (range.from <= value.start() && value.end() <= range.to) {
                return true;
            }
            if (range.from < value.end() && value.start() < range.to) {
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
                .anyMatch(r -> r.from <= value.start() && value.end() <= r.to);
    }

    private static void insert(List<Range> ranges, long from, long to) {
        long low = from;
        long high = to;
        for (Range range : List.copyOf(ranges)) {
            if (range.to == low || range.from == high) {
                ranges.remove(range);
                low = Math.min(low, range.from);
                high = Math.max(high, range.to);
            }
        }
        ranges.add(new Range(low, high));
    }
}
