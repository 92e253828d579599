package org.espalier.bench.gpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What a check came to, in fewer than 100 lines. */
final class Summary {

    private static final int MOST_FAILURES = 25;
    private static final int MOST_UNTRIED = 10;
    private static final int MOST_SLOW = 12;
    private static final int MOST_TELLING = 24;
    /** What reaches this share of a limit is as fast as can be hoped for. */
    private static final double FAST = 0.8;
    /** Shorter calls are those of launches. */
    private static final double LAUNCH = 20e-6;

    private Summary() {}

    /** The summary's lines. */
    static List<String> of(List<CheckRow> rows, double seconds) {
        List<String> lines = new ArrayList<>();
        lines.add("SUMMARY after %.0f s".formatted(seconds));
        counts(rows)
                .forEach((part, counts) ->
                        lines.add("  %-10s %d rows, %d failed".formatted(part, counts[0], counts[1])));
        section(lines, "Failed:", rows.stream().filter(CheckRow::failed), MOST_FAILURES);
        section(lines, "Not run:", rows.stream().filter(row -> row.result().startsWith("not run")), MOST_UNTRIED);
        section(
                lines,
                "Limits and models:",
                rows.stream()
                        .filter(row -> List.of("limits", "model", "against").contains(row.part())),
                MOST_TELLING);
        section(
                lines,
                "Furthest from what the device can do:",
                rows.stream()
                        .filter(row -> List.of("forward", "backward").contains(row.part()))
                        .filter(row -> row.seconds() > LAUNCH && reached(row) < FAST)
                        .sorted(Comparator.comparingDouble(Summary::reached)),
                MOST_SLOW);
        long failed = rows.stream().filter(CheckRow::failed).count();
        lines.add(failed == 0 ? "Nothing that was tried failed." : failed + " failed.");
        return lines;
    }

    private static Map<String, int[]> counts(List<CheckRow> rows) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        for (CheckRow row : rows) {
            int[] count = counts.computeIfAbsent(row.part(), part -> new int[2]);
            count[0]++;
            count[1] += row.failed() ? 1 : 0;
        }
        return counts;
    }

    private static double reached(CheckRow row) {
        return Math.max(row.ofCopy(), row.ofPeak());
    }

    private static void section(List<String> lines, String head, Stream<CheckRow> rows, int most) {
        List<CheckRow> all = rows.toList();
        if (all.isEmpty()) {
            return;
        }
        lines.add(head);
        all.stream().limit(most).forEach(row -> lines.add("  " + row));
        if (all.size() > most) {
            lines.add("  and " + (all.size() - most) + " more");
        }
    }
}
