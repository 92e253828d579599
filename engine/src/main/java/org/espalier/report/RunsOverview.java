package org.espalier.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.espalier.report.Unit.Aspect;

/** Several runs beside each other: a picture of quality over size, and a table with a row for each model. */
final class RunsOverview {

    /** A model of one of the runs. */
    private record Entry(int run, int stage, Comparison of) {

        String name() {
            return letter(run) + ", " + of.stages().get(stage).name();
        }

        Optional<Double> parameters() {
            return of.stages().get(stage).value(StandardMeasure.PARAMETERS);
        }
    }

    private RunsOverview() {}

    /** What a run goes by: A to Z, then AA and so on. */
    static String letter(int run) {
        return (run < 26 ? "" : letter(run / 26 - 1)) + (char) ('A' + run % 26);
    }

    static void draw(Markup page, List<Comparison> runs) {
        page.open("section");
        page.open("ol", "class", "runs");
        for (int run = 0; run < runs.size(); run++) {
            page.open("li").element("b", letter(run)).text(" ");
            page.element("a", runs.get(run).title(), "href", "#run-" + letter(run), "dir", "auto")
                    .close();
        }
        page.close();
        quality(runs).ifPresent(series -> picture(page, runs, series));
        table(page, runs);
        page.close().line();
    }

    /**
     * The measure of quality that most runs have, measured the same way, a perplexity if there is one; none if no two runs
     * share one.
     */
    private static Optional<MeasureSeries> quality(List<Comparison> runs) {
        Map<String, MeasureSeries> first = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        runs.stream()
                .filter(run -> run.stages().stream()
                        .allMatch(
                                stage -> stage.value(StandardMeasure.PARAMETERS).isPresent()))
                .flatMap(run -> MeasureSeries.of(run).stream())
                .filter(RunsOverview::tellsQuality)
                .forEach(series -> {
                    first.putIfAbsent(key(series), series);
                    counts.merge(key(series), 1, Integer::sum);
                });
        return counts.keySet().stream()
                .filter(key -> counts.get(key) > 1)
                .max(Comparator.<String, Boolean>comparing(key -> first.get(key).unit() == Unit.PERPLEXITY)
                        .thenComparing(counts::get))
                .map(first::get);
    }

    private static void picture(Markup page, List<Comparison> runs, MeasureSeries wanted) {
        String noun = wanted.unit() == Unit.PERPLEXITY ? "perplexity" : wanted.name();
        List<Entry> entries = new ArrayList<>();
        List<Double> numbers = new ArrayList<>();
        for (Entry entry : entries(runs)) {
            value(entry, key(wanted))
                    .filter(_ -> entry.parameters().isPresent())
                    .ifPresent(number -> {
                        entries.add(entry);
                        numbers.add(number);
                    });
        }
        double[] sizes = entries.stream()
                .mapToDouble(entry -> entry.parameters().orElseThrow() / 1e6)
                .toArray();
        double[] values = numbers.stream().mapToDouble(number -> number).toArray();
        Scale x = Scale.padded(sizes);
        Scale y = Scale.padded(values);
        page.open("figure").element("figcaption", key(wanted), "class", "legend");
        Plot plot = Plot.open(page, x, y, title(noun), description(noun, entries, sizes, values));
        plot.axes("parameters, millions", noun);
        // One label where models coincide, as the same dense one of several runs does.
        Map<List<Double>, String> labels = new LinkedHashMap<>();
        for (int i = 0; i < sizes.length; i++) {
            Entry entry = entries.get(i);
            plot.dot(
                    StageTable.colour(entry.stage),
                    sizes[i],
                    values[i],
                    entry.name() + ": " + Figures.significant(values[i]));
            labels.merge(List.of(sizes[i], values[i]), letter(entry.run), (a, b) -> a + " " + b);
        }
        labels.forEach((at, label) -> plot.label(at.getFirst(), at.getLast(), label));
        plot.close();
        page.close().line();
    }

    /** As a sentence begins. */
    private static String title(String noun) {
        String title = noun + " over size";
        return title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1);
    }

    private static String description(String noun, List<Entry> entries, double[] sizes, double[] values) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < sizes.length; i++) {
            all.append("%s: %s million parameters, %s %s. "
                    .formatted(
                            entries.get(i).name(),
                            Figures.significant(sizes[i]),
                            noun,
                            Figures.significant(values[i])));
        }
        return all.toString().strip();
    }

    private static void table(Markup page, List<Comparison> runs) {
        Map<String, MeasureSeries> columns = new LinkedHashMap<>();
        runs.stream()
                .flatMap(run -> MeasureSeries.of(run).stream())
                .sorted(Comparator.comparing(series -> series.unit().aspect()))
                .forEach(m -> columns.putIfAbsent(key(m), m));
        page.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", "All runs");
        page.open("table", "class", "all").open("thead").open("tr").element("th", "model", "scope", "col");
        columns.values().forEach(m -> {
            page.open("th", "scope", "col", "class", "number").text(m.label());
            if (tellsQuality(m)) {
                page.element("small", m.protocol());
            }
            page.close();
        });
        page.close().close().open("tbody");
        for (Entry entry : entries(runs)) {
            page.open("tr").open("th", "scope", "row");
            page.element("span", "", "class", "swatch " + StageTable.colour(entry.stage))
                    .text(" " + entry.name())
                    .close();
            columns.keySet().forEach(column -> cell(page, entry, column));
            page.close().line();
        }
        page.close().close().close().line();
    }

    private static boolean tellsQuality(MeasureSeries series) {
        return series.unit().aspect() == Aspect.QUALITY;
    }

    private static void cell(Markup page, Entry entry, String column) {
        Optional<MeasureSeries> measure = measure(entry, column);
        page.open("td", "class", "number", "data-label", column)
                .text(measure.map(m -> m.value(entry.stage)).orElse(MeasureSeries.NOTHING));
        measure.map(m -> m.change(entry.stage)).filter(c -> !c.isEmpty()).ifPresent(c -> page.element("small", c));
        page.close();
    }

    private static List<Entry> entries(List<Comparison> runs) {
        List<Entry> entries = new ArrayList<>();
        for (int run = 0; run < runs.size(); run++) {
            for (int stage = 0; stage < runs.get(run).stages().size(); stage++) {
                entries.add(new Entry(run, stage, runs.get(run)));
            }
        }
        return entries;
    }

    private static Optional<MeasureSeries> measure(Entry entry, String key) {
        return MeasureSeries.of(entry.of).stream()
                .filter(m -> key(m).equals(key))
                .findFirst();
    }

    private static Optional<Double> value(Entry entry, String key) {
        return measure(entry, key).flatMap(m -> m.number(entry.stage));
    }

    /** Numbers are beside each other only if they were measured the same way. */
    private static String key(MeasureSeries series) {
        return tellsQuality(series) ? series.label() + " (" + series.protocol() + ")" : series.label();
    }
}
