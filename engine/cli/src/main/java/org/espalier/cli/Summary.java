package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.job.Openers;
import org.espalier.report.Comparison;
import org.espalier.report.ComparisonFile;
import org.espalier.report.Headline;
import org.espalier.report.MeasureSeries;
import org.espalier.report.ReportFiles;

/**
 * What a run prints.
 *
 * @param run   what was measured
 * @param out   the folder in which all lies
 * @param opens what opens the model that came of it
 */
record Summary(Comparison run, Path out, Openers opens) {

    /** Of a run whose last model lies there. */
    static Summary of(Comparison run, Path out) {
        return new Summary(run, out, Openers.of(Path.of(run.stages().getLast().folder())));
    }

    /** For programs. */
    SequencedMap<String, Object> json() {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("out", out.toString());
        json.put("report", out.resolve(ReportFiles.PAGE).toString());
        json.put("comparison", out.resolve(ComparisonFile.NAME).toString());
        json.put("title", run.title());
        json.put("cpu", run.circumstances().cpu());
        json.put("threads", run.circumstances().threads());
        json.put("prompt", run.prompt());
        if (run.plan() != null) {
            PlanReport.enter(run.plan(), json);
        }
        PlanReport.enter(opens, json);
        json.put("seconds", run.circumstances().seconds());
        json.put("stages", ComparisonFile.tree(run).get("stages"));
        return json;
    }

    /** For people: the table, a text from each model, and where the rest is. */
    String text() {
        List<String> parts = new ArrayList<>();
        parts.add(table().toString());
        Headline.of(run).ifPresent(parts::add);
        run.stages().forEach(stage -> parts.add(texts(stage)));
        parts.add("%s, %d threads, %.0f s"
                        .formatted(
                                run.circumstances().cpu(),
                                run.circumstances().threads(),
                                run.circumstances().seconds().values().stream()
                                        .mapToDouble(s -> s)
                                        .sum())
                + System.lineSeparator() + "page: "
                + out.resolve(ReportFiles.PAGE)
                + System.lineSeparator()
                + run.stages().getLast().name() + " " + opens);
        return String.join(System.lineSeparator().repeat(2), parts);
    }

    /** What a model wrote, a line a prompt. */
    private String texts(Comparison.Stage stage) {
        List<String> lines = new ArrayList<>(List.of(stage.name() + ": " + run.prompt() + stage.text()));
        stage.texts().forEach(text -> lines.add(stage.name() + ": " + text.prompt() + text.text()));
        return String.join(System.lineSeparator(), lines);
    }

    /** A row a measure: the values of the stages, each after the first with its change. */
    private Columns table() {
        Columns table = new Columns();
        List<Object> head = new ArrayList<>(List.of(""));
        run.stages().forEach(stage -> {
            head.add(stage.name());
            head.add("");
        });
        table.row(head.toArray());
        for (MeasureSeries measure : MeasureSeries.of(run)) {
            List<Object> row = new ArrayList<>(List.of(measure.label()));
            for (int stage = 0; stage < run.stages().size(); stage++) {
                row.add(measure.value(stage));
                row.add(measure.change(stage));
            }
            table.row(row.toArray());
        }
        return table;
    }
}
