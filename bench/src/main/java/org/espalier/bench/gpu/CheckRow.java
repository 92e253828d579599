package org.espalier.bench.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One thing that was tried; figures that are 0 are unknown.
 *
 * @param part    of the check
 * @param subject what was tried
 * @param result  in words
 * @param failed  whether it makes the check fail
 * @param seconds of one call
 * @param bytes   that a call cannot avoid moving, a second
 * @param ofCopy  their share of what a copy moves
 * @param flops   operations that a call cannot avoid, a second
 * @param ofPeak  their share of the largest products of the type
 */
record CheckRow(
        String part,
        String subject,
        String result,
        boolean failed,
        double seconds,
        double bytes,
        double ofCopy,
        double flops,
        double ofPeak) {

    private static final List<String> HEAD =
            List.of("part", "what", "result", "µs", "GB/s", "of copy", "TFLOP/s", "of peak");
    /** Wide enough for nearly all; what is wider pushes the rest of its row aside. */
    private static final int[] WIDTHS = {10, 64, 22, 10, 7, 7, 8, 7};
    /** Columns from here on hold figures. */
    private static final int FIGURES = 3;

    static CheckRow words(String part, String subject, String result, boolean failed) {
        return new CheckRow(part, subject, result, failed, 0, 0, 0, 0, 0);
    }

    /** The names of the columns and the line below, in Markdown. */
    static String head() {
        String line = IntStream.range(0, WIDTHS.length)
                .mapToObj(c -> "-".repeat(WIDTHS[c] + 1) + (c < FIGURES ? "-" : ":"))
                .collect(Collectors.joining("|", "|", "|"));
        return line(HEAD) + System.lineSeparator() + line;
    }

    /** The row in Markdown. */
    @Override
    public String toString() {
        return line(List.of(
                part,
                subject,
                result,
                number("%.2f", seconds * 1e6),
                number("%.1f", bytes / 1e9),
                number("%.0f %%", 100 * ofCopy),
                number("%.3f", flops / 1e12),
                number("%.0f %%", 100 * ofPeak)));
    }

    /** The row by the names of its fields, without figures that are unknown. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("part", part);
        fields.put("what", subject);
        fields.put("result", result);
        fields.put("failed", failed);
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("seconds", seconds);
        figures.put("bytesPerSecond", bytes);
        figures.put("ofCopy", ofCopy);
        figures.put("flopsPerSecond", flops);
        figures.put("ofPeak", ofPeak);
        figures.forEach((name, value) -> {
            if (value != 0) {
                fields.put(name, value);
            }
        });
        return fields;
    }

    private static String number(String format, double value) {
        return value == 0 ? "" : String.format(Locale.ROOT, format, value);
    }

    private static String line(List<String> cells) {
        return IntStream.range(0, cells.size())
                .mapToObj(c -> {
                    String cell = cells.get(c).replace('|', '/');
                    String gap = " ".repeat(Math.max(0, WIDTHS[c] - cell.length()));
                    return c < FIGURES ? " " + cell + gap + " " : " " + gap + cell + " ";
                })
                .collect(Collectors.joining("|", "|", "|"));
    }
}
