package org.espalier.bench.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The one table of a check: what was tried, whether it was right, how fast it was. Each row is heard of as it comes. */
final class CheckTable {

    private final List<CheckRow> rows = new ArrayList<>();
    private final Consumer<CheckRow> heard;

    CheckTable() {
        this(row -> {});
    }

    /** @param heard is given every row at once */
    CheckTable(Consumer<CheckRow> heard) {
        this.heard = heard;
    }

    /** A row without figures. */
    void add(String part, String subject, String result) {
        add(CheckRow.words(part, subject, result, false));
    }

    /** A row without figures that makes the check fail. */
    void fail(String part, String subject, String result) {
        String first = String.valueOf(result).lines().findFirst().orElse("");
        add(CheckRow.words(part, subject, "FAILED: " + first, true));
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
        add(new CheckRow(
                part,
                subject,
                result,
                false,
                seconds,
                bytes / seconds,
                bytes / seconds / copy,
                flops / seconds,
                flops / seconds / peak));
    }

    private void add(CheckRow row) {
        rows.add(row);
        heard.accept(row);
    }

    List<CheckRow> rows() {
        return List.copyOf(rows);
    }

    int failures() {
        return (int) rows.stream().filter(CheckRow::failed).count();
    }

    /** The rows in Markdown. */
    @Override
    public String toString() {
        return CheckRow.head()
                + System.lineSeparator()
                + rows.stream().map(CheckRow::toString).collect(Collectors.joining(System.lineSeparator()));
    }
}
