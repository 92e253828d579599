package org.espalier.report;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.plan.Plan;

/** A run as Markdown: the numbers of the page as tables that read well as plain text too. */
public final class MarkdownReport {

    /** What acts on a terminal, on which the file may be shown, or turns the direction of writing. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cs}\\u202A-\\u202E\\u2066-\\u2069]");
    /** Characters that mean something wherever they stand. */
    private static final Pattern SPECIAL = Pattern.compile("[\\\\`*_{}\\[\\]<>#|~&]");
    /** What makes a line one of a list or the one under a heading. */
    private static final Pattern START = Pattern.compile("^(\\d*)(?=[-+=.)]([-=\\s]|$))");

    private final Comparison run;
    private final StringBuilder out = new StringBuilder();

    private MarkdownReport(Comparison run) {
        this.run = run;
    }

    /** The report as text. */
    public static String text(Comparison run) {
        MarkdownReport report = new MarkdownReport(run);
        report.out.append("# ").append(escaped(run.title())).append('\n');
        Headline.of(run)
                .ifPresent(line -> report.out.append('\n').append(escaped(line)).append('\n'));
        report.asked();
        report.models("Size and cost", CostTable.columns(run), "");
        report.measured();
        report.training();
        report.kept();
        report.texts();
        report.notes();
        report.hashes();
        return report.out.toString();
    }

    private void asked() {
        TaskTable tasks = new TaskTable(run);
        if (!tasks.isEmpty()) {
            models("Zero-shot tasks", tasks.columns(), tasks.note());
        }
    }

    /** A table with a row a model. */
    private void models(String title, List<ModelTable.Column> columns, String note) {
        if (columns.isEmpty()) {
            return;
        }
        heading(title);
        row("", columns.stream().map(column -> escaped(column.text())).toList());
        row("---", columns.stream().map(column -> "---:").toList());
        for (int model = 0; model < run.stages().size(); model++) {
            int stage = model;
            row(
                    escaped(run.stages().get(model).name()),
                    columns.stream()
                            .map(column -> escaped(column.cells().get(stage).text()))
                            .toList());
        }
        if (!note.isEmpty()) {
            out.append('\n').append(escaped(note)).append('\n');
        }
    }

    private void measured() {
        List<MeasureSeries> measures = MeasureSeries.of(run);
        if (measures.isEmpty()) {
            return;
        }
        heading("Measured");
        row("", run.stages().stream().map(s -> escaped(s.name())).toList());
        row("---", run.stages().stream().map(s -> "---:").toList());
        for (MeasureSeries measure : measures) {
            String note = measure.protocol().isEmpty() ? "" : " (" + measure.protocol() + ")";
            row(
                    escaped(measure.label() + note),
                    IntStream.range(0, run.stages().size())
                            .mapToObj(s -> escaped((measure.value(s) + " " + bracketed(measure.change(s))).strip()))
                            .toList());
        }
    }

    private static String bracketed(String change) {
        return change.isEmpty() ? "" : "(" + change + ")";
    }

    private void training() {
        if (run.training() == null || run.training().evalLosses().isEmpty()) {
            return;
        }
        heading("Held-out loss while training");
        List<Comparison.Point> points = run.training().evalLosses();
        row("step", points.stream().map(p -> Integer.toString(p.step())).toList());
        row("---", points.stream().map(p -> "---:").toList());
        LossTable.rows(run.training()).forEach(this::row);
    }

    private void kept() {
        if (!WidthChart.has(run)) {
            return;
        }
        heading("What each layer keeps");
        List<UnitKind> kinds = List.of(UnitKind.values());
        row("layer", kinds.stream().map(UnitKind::label).toList());
        row("---:", kinds.stream().map(k -> "---:").toList());
        Plan plan = run.plan();
        run.widths()
                .forEach(w -> row(
                        Integer.toString(w.layer()),
                        kinds.stream()
                                .map(k -> Figures.count(k.count(plan, w.layer())) + " of " + Figures.count(k.width(w)))
                                .toList()));
    }

    private void texts() {
        List<TextRow> rows = TextRow.of(run);
        if (rows.isEmpty()) {
            return;
        }
        heading(rows.size() == 1 ? "A text from each model" : "Texts from each model");
        for (TextRow row : rows) {
            if (row.prompt() != null) {
                quote(row.prompt());
                out.append("continued by\n\n");
            }
            row.texts().forEach((stage, text) -> {
                out.append("**").append(escaped(run.stages().get(stage).name())).append("**\n\n");
                quote(text);
            });
        }
    }

    private void quote(String text) {
        text.lines().forEach(line -> out.append("> ").append(escaped(line)).append("  \n"));
        out.append('\n');
    }

    private void notes() {
        list("How this was made and measured", Notes.of(run));
    }

    private void hashes() {
        list("SHA-256 of what this was made of", run.circumstances().hashes());
    }

    private void list(String title, Map<String, String> meanings) {
        if (meanings.isEmpty()) {
            return;
        }
        heading(title);
        meanings.forEach((term, meaning) -> out.append("- ")
                .append(escaped(term))
                .append(": ")
                .append(escaped(meaning))
                .append('\n'));
    }

    private void heading(String text) {
        out.append("\n## ").append(text).append("\n\n");
    }

    private void row(String first, List<String> cells) {
        out.append("| ")
                .append(first)
                .append(cells.stream().collect(Collectors.joining(" | ", " | ", " |")))
                .append('\n');
    }

    /** One line of text that no Markdown reader takes for markup, nor for HTML. */
    private static String escaped(String text) {
        String line = CONTROL.matcher(text.replaceAll("\\R", " "))
                .replaceAll("\uFFFD")
                .strip();
        return START.matcher(SPECIAL.matcher(line).replaceAll("\\\\$0")).replaceFirst("$1\\\\");
    }
}
