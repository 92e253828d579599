package org.espalier.report;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What was measured at every stage, as a table, and the changes that matter most as pictures of bars. */
final class StageTable {

    /** More models than a phone has room for beside each other are scrolled. */
    private static final int MOST_BESIDE_EACH_OTHER = 4;

    private final List<String> stages;
    private final List<MeasureSeries> measures;

    StageTable(Comparison run) {
        this.stages = run.stages().stream().map(Comparison.Stage::name).toList();
        this.measures = MeasureSeries.of(run);
    }

    /** Whether there is anything to show. */
    boolean isEmpty() {
        return measures.isEmpty();
    }

    /** A table with a row a measure but those of tasks, which {@link #tasks} has. */
    void table(Markup page) {
        table(page, "Measured", measures.stream().filter(m -> !ofTask(m)).toList());
    }

    /** A table of what was measured in tasks, nothing if that is nothing. */
    void tasks(Markup page) {
        List<MeasureSeries> all = measures.stream().filter(StageTable::ofTask).toList();
        if (!all.isEmpty()) {
            page.open("details").element("summary", "All that was measured in tasks, and its change");
            table(page, "Tasks", all);
            page.close().line();
        }
    }

    private static boolean ofTask(MeasureSeries series) {
        return series.stages().stream()
                .filter(Objects::nonNull)
                .allMatch(measure ->
                        TaskResult.isAverage(measure) || TaskResult.of(measure).isPresent());
    }

    /** Its roles are spelt out because the style sheet lays rows out anew on a phone. */
    private void table(Markup page, String name, List<MeasureSeries> rows) {
        boolean wide = stages.size() > MOST_BESIDE_EACH_OTHER;
        if (wide) {
            page.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", name);
        }
        page.open("table", "class", "stages", "role", "table", "style", "--stages:" + stages.size());
        page.open("thead", "role", "rowgroup").open("tr", "role", "row");
        page.element("th", "", "role", "columnheader", "scope", "col");
        for (int stage = 0; stage < stages.size(); stage++) {
            page.open("th", "role", "columnheader", "scope", "col", "class", "number");
            page.element("span", "", "class", "swatch " + colour(stage))
                    .text(" " + stages.get(stage))
                    .close();
        }
        page.close().close().open("tbody", "role", "rowgroup");
        rows.forEach(measure -> row(page, measure));
        page.close().close();
        if (wide) {
            page.close();
        }
        page.line();
    }

    private void row(Markup page, MeasureSeries measure) {
        page.open("tr", "role", "row")
                .open("th", "role", "rowheader", "scope", "row")
                .text(measure.label());
        if (!measure.protocol().isEmpty()) {
            page.element("small", measure.protocol());
        }
        page.close();
        for (int stage = 0; stage < stages.size(); stage++) {
            page.open("td", "role", "cell", "class", "number").text(measure.value(stage));
            if (!measure.change(stage).isEmpty()) {
                page.element("small", measure.change(stage));
            }
            page.close();
        }
        page.close().line();
    }

    /** Size, memory, speed and quality, each with a bar a stage that starts at zero. */
    void tiles(Markup page) {
        page.open("div", "class", "tiles");
        MeasureSeries.first(measures, StandardMeasure.PARAMETERS).ifPresent(m -> tile(page, m));
        Headline.memory(measures).ifPresent(m -> tile(page, m));
        MeasureSeries.first(measures, StandardMeasure.PREFILL).ifPresent(m -> tile(page, m));
        MeasureSeries.first(measures, StandardMeasure.DECODE).ifPresent(m -> tile(page, m));
        Stream.concat(Headline.quality(measures).stream(), Headline.average(measures).stream())
                .distinct()
                .forEach(m -> tile(page, m));
        page.close().line();
    }

    private void tile(Markup page, MeasureSeries measure) {
        double largest = IntStream.range(0, stages.size())
                .mapToObj(measure::number)
                .flatMap(Optional::stream)
                .mapToDouble(v -> v)
                .max()
                .orElse(0);
        page.open("section", "class", "tile").element("h3", measure.label());
        page.element("p", measure.change(stages.size() - 1), "class", "change");
        IntStream.range(0, stages.size())
                .filter(s -> measure.number(s).isPresent())
                .forEach(stage -> {
                    double share = largest > 0 ? measure.number(stage).get() / largest : 0;
                    page.open("div", "class", "stage").element("span", stages.get(stage), "class", "who");
                    page.element("span", measure.brief(stage), "class", "number");
                    page.open("span", "class", "track")
                            .element(
                                    "span",
                                    "",
                                    "class",
                                    "fill " + colour(stage),
                                    "style",
                                    "width:" + Plot.number(100 * Math.clamp(share, 0, 1)) + "%")
                            .close()
                            .close();
                });
        page.element("p", measure.direction().text(), "class", "note").close();
    }

    /** The colour of a stage, the same everywhere on the page. */
    static String colour(int stage) {
        return "stage-" + Math.min(stage, 5);
    }
}
