package org.espalier.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.error.Printable;

/** Rows of text in aligned columns; those of numbers to the right. */
final class Columns {

    private final List<List<String>> rows = new ArrayList<>();

    /** Adds a row; whole numbers are grouped by thousands. */
    Columns row(Object... cells) {
        rows.add(IntStream.range(0, cells.length).mapToObj(i -> text(cells[i])).toList());
        return this;
    }

    @Override
    public String toString() {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = IntStream.range(0, columns)
                .map(c -> rows.stream()
                        .filter(r -> r.size() > c)
                        .mapToInt(r -> r.get(c).length())
                        .max()
                        .orElse(0))
                .toArray();
        return IntStream.range(0, rows.size())
                .mapToObj(row -> line(row, widths))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private String line(int index, int[] widths) {
        List<String> row = rows.get(index);
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < row.size(); c++) {
            String gap = " ".repeat(widths[c] - row.get(c).length());
            boolean right = c > 0 && row.size() > 2 && (isNumber(row.get(c)) || index == 0 && heads(c));
            line.append(c == 0 ? "" : "  ")
                    .append(right ? gap : "")
                    .append(row.get(c))
                    .append(right ? "" : gap);
        }
        return line.toString().stripTrailing();
    }

    /** Whether the first row's cell stands above numbers alone. */
    private boolean heads(int column) {
        List<String> below = rows.stream()
                .skip(1)
                .filter(r -> r.size() > column)
                .map(r -> r.get(column))
                .toList();
        return !below.isEmpty() && below.stream().allMatch(cell -> cell.isEmpty() || isNumber(cell));
    }

    private static boolean isNumber(String cell) {
        return cell.equals("–") || cell.matches("[-+\u2212]?[\\d,]+(\\.\\d+)?( .*)?");
    }

    private static String text(Object cell) {
        return switch (cell) {
            case Integer number -> String.format(Locale.ROOT, "%,d", number);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            default -> Printable.cell(cell.toString());
        };
    }
}
