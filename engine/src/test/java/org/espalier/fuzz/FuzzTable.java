package org.espalier.fuzz;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What was tried, a row for each target, as Markdown. */
final class FuzzTable {

    private static final String ROW = "| %-20s | %10s | %8s | %7s | %8s | %8s | %8s |%n";

    private FuzzTable() {}

    static String of(List<Runner> runners) {
        StringBuilder text = new StringBuilder();
        text.append(ROW.formatted("target", "inputs", "a second", "past", "accepted", "refusals", "findings"));
        text.append("|---|--:|--:|--:|--:|--:|--:|%n".formatted());
        runners.forEach(runner -> text.append(row(runner.name(), List.of(runner.tally()))));
        text.append(row("all", runners.stream().map(Runner::tally).toList()));
        text.append("%npast: beyond the first check; refusals: different ones%n".formatted());
        return text.toString();
    }

    private static String row(String name, List<Tally> tallies) {
        double inputs = sum(tallies, Tally::inputs);
        return ROW.formatted(
                name,
                count(inputs),
                count(inputs / Math.max(1e-9, sum(tallies, Tally::seconds))),
                share(sum(tallies, Tally::past), inputs),
                share(sum(tallies, Tally::accepted), inputs),
                count(sum(tallies, Tally::refusals)),
                count(sum(tallies, Tally::findings)));
    }

    private static double sum(List<Tally> tallies, ToDoubleFunction<Tally> number) {
        return tallies.stream().mapToDouble(number).sum();
    }

    private static String count(double number) {
        return String.format(Locale.ROOT, "%,.0f", number);
    }

    private static String share(double part, double whole) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part / Math.max(1, whole));
    }
}
