package org.espalier.bench.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The one table of a check: what was tried, whether it was right, how fast it was. */
final class CheckTable {

    private static final List<String> HEAD =
            List.of("part", "what", "result", "µs", "GB/s", "of copy", "TFLOP/s", "of peak");

    private final List<List<String>> rows = new ArrayList<>();
    private int failures;

    /** A row without figures. */
    void add(String part, String subject, String result) {
        rows.add(List.of(part, subject, result, "", "", "", "", ""));
    }

    /** A row without figures that makes the check fail. */
    void fail(String part, String subject, String result) {
        failures++;
        add(part, subject, "FAILED: " + result.lines().findFirst().orElse(""));
    }

    /**
     * A row with figures; those that would be 0 are left out.
     *
     * @param seconds of one call
     * @param bytes   that it cannot avoid moving
     * @param flops   that it cannot avoid computing
     * @param copy    bytes a second that a copy moves
     * @param peak    operations a second of the largest products of this type
     */
    void add(
            String part,
            String subject,
            String result,
            double seconds,
            long bytes,
            long flops,
            double copy,
            double peak) {
        rows.add(List.of(
                part,
                subject,
                result,
                number("%.2f", seconds * 1e6),
                number("%.1f", bytes / seconds / 1e9),
                percent(bytes / seconds / copy),
                number("%.3f", flops / seconds / 1e12),
                percent(flops / seconds / peak)));
    }

    int failures() {
        return failures;
    }

    private static String number(String format, double value) {
        return value == 0 ? "" : String.format(Locale.ROOT, format, value);
    }

    private static String percent(double share) {
        return number("%.0f %%", 100 * share);
    }

    /** The rows in Markdown, columns below each other. */
    @Override
    public String toString() {
        List<List<String>> all = new ArrayList<>();
        all.add(HEAD);
        all.addAll(rows);
        int[] widths = IntStream.range(0, HEAD.size())
                .map(c -> all.stream().mapToInt(r -> r.get(c).length()).max().orElse(0))
                .toArray();
        List<String> lines =
                new ArrayList<>(all.stream().map(row -> line(row, widths)).toList());
        lines.add(
                1,
                IntStream.range(0, HEAD.size())
                        .mapToObj(c -> "-".repeat(widths[c] + 1) + (figure(c) ? ":" : "-"))
                        .collect(Collectors.joining("|", "|", "|")));
        return String.join(System.lineSeparator(), lines);
    }

    private static String line(List<String> row, int[] widths) {
        return IntStream.range(0, row.size())
                .mapToObj(c -> {
                    String gap = " ".repeat(widths[c] - row.get(c).length());
                    return figure(c) ? " " + gap + row.get(c) + " " : " " + row.get(c) + gap + " ";
                })
                .collect(Collectors.joining("|", "|", "|"));
    }

    private static boolean figure(int column) {
        return column > 2;
    }
}
