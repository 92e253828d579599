package org.espalier.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.report.Measure.Kind;

/** Several runs beside each other: a picture of quality over size, and a table with a row for each model. */
final class RunsOverview {

    /** Rank of what tells how good a model is. */
    private static final int QUALITY = 1;

    /** A model of one of the runs. */
    private record Entry(int run, int stage, Comparison of) {

        String name() {
            return letter(run) + ", " + of.stages().get(stage).name();
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
        quality(runs).ifPresent(text -> picture(page, runs, text));
        table(page, runs);
        page.close().line();
    }

    /** The perplexity that most runs have, measured the same way; none if no two runs share one. */
    private static Optional<String> quality(List<Comparison> runs) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        runs.stream()
                .filter(run -> run.stages().stream().allMatch(s -> s.parameters() != null))
                .flatMap(run -> Measure.of(run).stream())
                .filter(m -> m.kind() == Kind.PERPLEXITY)
                .forEach(m -> counts.merge(key(m), 1, Integer::sum));
        return counts.entrySet().stream()
                .filter(e -> e.getValue() > 1)
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey);
    }

    private static void picture(Markup page, List<Comparison> runs, String wanted) {
        List<Entry> entries = new ArrayList<>();
        List<Double> perplexities = new ArrayList<>();
        for (Entry entry : entries(runs)) {
            value(entry, wanted).ifPresent(ppl -> {
                entries.add(entry);
                perplexities.add(ppl);
            });
        }
        double[] sizes = entries.stream()
                .mapToDouble(e -> e.of.stages().get(e.stage).parameters() / 1e6)
                .toArray();
        double[] losses = perplexities.stream().mapToDouble(p -> p).toArray();
        Scale x = Scale.padded(sizes);
        Scale y = Scale.padded(losses);
        page.open("figure").element("figcaption", wanted, "class", "legend");
        Plot plot = Plot.open(page, x, y, "Perplexity over size", description(entries, sizes, losses));
        plot.axes("parameters, millions", "perplexity");
        // One label where models coincide, as the same dense one of several runs does.
        Map<List<Double>, String> labels = new LinkedHashMap<>();
        for (int i = 0; i < sizes.length; i++) {
            Entry entry = entries.get(i);
            plot.dot(
                    StageTable.colour(entry.stage),
                    sizes[i],
                    losses[i],
                    entry.name() + ": " + Figures.significant(losses[i]));
            labels.merge(List.of(sizes[i], losses[i]), letter(entry.run), (a, b) -> a + " " + b);
        }
        labels.forEach((at, label) -> plot.label(at.getFirst(), at.getLast(), label));
        plot.close();
        page.close().line();
    }

    private static String description(List<Entry> entries, double[] sizes, double[] losses) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < sizes.length; i++) {
            all.append("%s: %s million parameters, perplexity %s. "
                    .formatted(entries.get(i).name(), Figures.significant(sizes[i]), Figures.significant(losses[i])));
        }
        return all.toString().strip();
    }

    private static void table(Markup page, List<Comparison> runs) {
        Map<String, Measure> columns = new LinkedHashMap<>();
        runs.stream()
                .flatMap(run -> Measure.of(run).stream())
                .sorted(Comparator.comparing(RunsOverview::rank))
                .forEach(m -> columns.putIfAbsent(key(m), m));
        page.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", "All runs");
        page.open("table").open("thead").open("tr").element("th", "model", "scope", "col");
        columns.values().forEach(m -> {
            page.open("th", "scope", "col", "class", "number").text(m.label());
            if (rank(m) == QUALITY) {
                page.element("small", m.note());
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

    /** Size and quality come first: they are what runs differ in. */
    private static int rank(Measure measure) {
        return switch (measure.kind()) {
            case COUNT -> QUALITY - 1;
            case PERPLEXITY, LOSS -> QUALITY;
            default -> QUALITY + 1;
        };
    }

    private static void cell(Markup page, Entry entry, String column) {
        Optional<Measure> measure = measure(entry, column);
        page.open("td", "class", "number")
                .text(measure.map(m -> m.value(entry.stage)).orElse(Measure.NOTHING));
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

    private static Optional<Measure> measure(Entry entry, String key) {
        return Measure.of(entry.of).stream().filter(m -> key(m).equals(key)).findFirst();
    }

    private static Optional<Double> value(Entry entry, String key) {
        return measure(entry, key).map(m -> m.values().get(entry.stage));
    }

    /** Numbers are beside each other only if they were measured the same way. */
    private static String key(Measure measure) {
        return rank(measure) == QUALITY ? measure.label() + " (" + measure.note() + ")" : measure.label();
    }
}
