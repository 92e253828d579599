package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Accuracy in each task and their average: a row a task, in it a dot a model on a bar of one standard error to either side. */
final class TaskChart {

    /** Pixels from one model to the next within a row, and around them. */
    private static final int STEP = 10;

    private static final int ROOM = 10;
    private static final int TICKS = 5;
    /** Characters of a name that the margin has room for. */
    private static final int LONGEST = 14;

    private final Markup page;
    private final List<String> models;
    private final Scale scale;

    private TaskChart(Markup page, List<String> models, Scale scale) {
        this.page = page;
        this.models = models;
        this.scale = scale;
    }

    /** A row of the chart. */
    private record Row(String name, MeasureSeries series) {}

    /** Draws the chart with its legend; there must be a task. */
    static void draw(Markup page, List<String> models, TaskTable table) {
        List<Row> rows = new ArrayList<>();
        table.tasks().forEach(task -> rows.add(new Row(task.result().title(), task.series())));
        table.average().ifPresent(average -> rows.add(new Row("average", average)));
        new TaskChart(page, models, scale(models.size(), rows)).draw(rows);
    }

    /** In per cent, as wide as the bars and no wider than there can be. */
    private static Scale scale(int models, List<Row> rows) {
        double[] ends = rows.stream()
                .flatMap(row -> IntStream.range(0, models).mapToObj(model -> ends(row.series, model)))
                .flatMapToDouble(both -> both)
                .toArray();
        double least = DoubleStream.of(ends).min().orElse(0);
        double most = DoubleStream.of(ends).max().orElse(1);
        double room = 0.04 * (most - least);
        return Scale.linear(100 * Math.max(0, least - room), 100 * Math.min(1, most + room), TICKS);
    }

    private static DoubleStream ends(MeasureSeries series, int model) {
        double error = series.error(model).orElse(0.0);
        return series.number(model).stream().flatMapToDouble(value -> DoubleStream.of(value - error, value + error));
    }

    private void draw(List<Row> rows) {
        page.open("figure");
        page.open("figcaption", "class", "legend");
        for (int model = 0; model < models.size(); model++) {
            Plot.key(page, StageTable.colour(model), models.get(model));
        }
        page.close();
        int height = rowHeight();
        page.open("svg", "class", "bars tasks", "role", "img", "height", Integer.toString(rows.size() * height));
        page.element("title", "Accuracy in each task").element("desc", description(rows));
        ticks();
        for (int row = 0; row < rows.size(); row++) {
            row(rows.get(row), row * height);
        }
        page.close().close().line();
    }

    private int rowHeight() {
        return STEP * models.size() + ROOM;
    }

    private void ticks() {
        for (double tick : scale.ticks()) {
            page.empty("line", "class", "grid", "x1", at(tick), "x2", at(tick), "y1", "0", "y2", "100%");
            page.element("text", scale.text(tick), "class", "tick middle", "x", at(tick), "y", "100%", "dy", "18");
        }
        page.element("text", "right answers, per cent", "class", "name middle", "x", "50%", "y", "100%", "dy", "36");
    }

    private void row(Row row, int top) {
        String bottom = Integer.toString(top + rowHeight());
        page.empty("line", "class", "grid", "x1", "0", "x2", "100%", "y1", bottom, "y2", bottom);
        page.element(
                "text",
                Figures.shortened(row.name, LONGEST),
                "class",
                "tick end",
                "x",
                "-8",
                "y",
                Integer.toString(top + rowHeight() / 2 + 4));
        for (int model = 0; model < models.size(); model++) {
            dot(row, model, Integer.toString(top + ROOM / 2 + STEP * model + STEP / 2));
        }
    }

    private void dot(Row row, int model, String y) {
        Optional<Double> value = row.series.number(model);
        if (value.isEmpty()) {
            return;
        }
        double[] ends = ends(row.series, model).map(end -> 100 * end).toArray();
        String kind = StageTable.colour(model);
        page.empty("line", "class", "bar " + kind, "x1", at(ends[0]), "x2", at(ends[1]), "y1", y, "y2", y);
        page.open("circle", "class", "dot " + kind, "cx", at(100 * value.get()), "cy", y, "r", "4");
        page.element("title", row.name + ", " + models.get(model) + ": " + row.series.value(model))
                .close();
    }

    private String at(double perCent) {
        return Plot.number(100 * scale.at(perCent)) + "%";
    }

    private String description(List<Row> rows) {
        StringBuilder all = new StringBuilder();
        for (Row row : rows) {
            List<String> values = new ArrayList<>();
            for (int model = 0; model < models.size(); model++) {
                values.add(models.get(model) + " " + row.series.value(model));
            }
            all.append(row.name).append(": ").append(String.join(", ", values)).append(". ");
        }
        return all.toString().strip();
    }
}
