package org.espalier.report;

import java.util.List;
import java.util.Map;

/** One run on a page: what changed, the table, the pictures, the texts, and how all that was measured. */
final class RunSection {

    private final Comparison run;
    private final String letter;
    private final StageTable table;

    /** @param letter that the run goes by among several, or empty */
    RunSection(Comparison run, String letter) {
        this.run = run;
        this.letter = letter;
        this.table = new StageTable(run);
    }

    void draw(Markup page) {
        page.open("article", letter.isEmpty() ? new String[0] : new String[] {"id", "run-" + letter});
        page.open("header");
        if (letter.isEmpty()) {
            page.element("h1", run.title(), "dir", "auto");
        } else {
            page.element("h2", letter + ". " + run.title(), "dir", "auto");
        }
        Headline.of(run).ifPresent(line -> page.element("p", line, "class", "headline", "dir", "auto"));
        page.close().line();
        tiles(page);
        asked(page);
        cost(page);
        measured(page);
        trained(page);
        kept(page);
        scored(page);
        texts(page);
        notes(page);
        hashes(page);
        page.close().line();
    }

    private void tiles(Markup page) {
        if (!table.isEmpty()) {
            table.tiles(page);
        }
    }

    private void asked(Markup page) {
        TaskTable tasks = new TaskTable(run);
        if (!tasks.isEmpty()) {
            section(page, "Zero-shot tasks");
            TaskChart.draw(page, names(), tasks);
            ModelTable.draw(page, "Accuracy in each task", names(), tasks.columns());
            page.element("p", tasks.note(), "class", "note");
            table.tasks(page);
            page.close().line();
        }
    }

    private void cost(Markup page) {
        List<ModelTable.Column> columns = CostTable.columns(run);
        if (!columns.isEmpty()) {
            section(page, "Size and cost");
            ModelTable.draw(page, "Size and cost", names(), columns);
            page.close().line();
        }
    }

    private void measured(Markup page) {
        if (!table.isEmpty()) {
            section(page, "Measured");
            table.table(page);
            page.close().line();
        }
    }

    private List<String> names() {
        return run.stages().stream().map(Comparison.Stage::name).toList();
    }

    private void trained(Markup page) {
        if (LossChart.has(run.training())) {
            section(page, "Loss while training");
            LossChart.draw(page, run.training());
            if (LossTable.has(run.training())) {
                LossTable.draw(page, run.training());
            }
            page.close().line();
        }
    }

    private void kept(Markup page) {
        if (WidthChart.has(run)) {
            section(page, "What each layer keeps");
            WidthChart.draw(page, run);
            page.close().line();
        }
    }

    private void scored(Markup page) {
        List<ScoreChart> charts = run.scores() == null ? List.of() : ScoreChart.of(run.scores(), run.plan());
        if (!charts.isEmpty()) {
            section(page, "Importance in each layer");
            page.element(
                    "p",
                    "Scores by %s; units with low scores change the loss least when they go."
                            .formatted(run.scores().criterion()),
                    "class",
                    "note");
            charts.forEach(chart -> chart.draw(page));
            page.close().line();
        }
    }

    private void texts(Markup page) {
        List<TextRow> rows = TextRow.of(run);
        if (rows.isEmpty()) {
            return;
        }
        section(page, rows.size() == 1 ? "A text from each model" : "Texts from each model");
        for (TextRow row : rows) {
            page.open("div", "class", "columns texts");
            row.texts().forEach((stage, text) -> text(page, stage, row.prompt(), text));
            page.close().line();
        }
        page.close().line();
    }

    private void text(Markup page, int stage, String prompt, String text) {
        page.open("figure", "class", "text");
        page.open("figcaption")
                .element("span", "", "class", "swatch " + StageTable.colour(stage))
                .text(" " + run.stages().get(stage).name())
                .close();
        page.open("blockquote", "dir", "auto");
        if (prompt != null) {
            page.element("b", prompt);
        }
        page.text(text).close().close();
    }

    private void notes(Markup page) {
        Map<String, String> notes = Notes.of(run);
        if (!notes.isEmpty()) {
            section(page, "How this was made and measured");
            page.open("dl");
            notes.forEach((term, meaning) -> page.element("dt", term).element("dd", meaning, "dir", "auto"));
            page.close().close().line();
        }
    }

    private void hashes(Markup page) {
        Map<String, String> hashes = run.circumstances().hashes();
        if (!hashes.isEmpty()) {
            section(page, "SHA-256 of what this was made of");
            page.open("dl", "class", "hashes");
            hashes.forEach(
                    (name, hash) -> page.element("dt", name, "dir", "auto").element("dd", hash));
            page.close().close().line();
        }
    }

    /** Opens a part with a heading. */
    private void section(Markup page, String heading) {
        page.open("section").element(letter.isEmpty() ? "h2" : "h3", heading);
    }
}
