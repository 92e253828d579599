package org.espalier.report;

import java.util.List;
import java.util.Map;

/** One run on a page: what changed, the table, the pictures, the texts, and how all that was measured. */
final class RunSection {

    private final Comparison run;
    private final String letter;

    /** @param letter that the run goes by among several, or empty */
    RunSection(Comparison run, String letter) {
        this.run = run;
        this.letter = letter;
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
        measured(page);
        trained(page);
        kept(page);
        scored(page);
        texts(page);
        notes(page);
        page.close().line();
    }

    private void measured(Markup page) {
        StageTable table = new StageTable(run);
        if (!table.isEmpty()) {
            table.tiles(page);
            section(page, "Measured");
            table.table(page);
            page.close().line();
        }
    }

    private void trained(Markup page) {
        if (LossChart.has(run.training())) {
            section(page, "Loss while training");
            LossChart.draw(page, run.training());
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
        if (run.stages().stream().allMatch(s -> s.text() == null)) {
            return;
        }
        section(page, "A text from each model");
        page.open("div", "class", "columns texts");
        for (int stage = 0; stage < run.stages().size(); stage++) {
            if (run.stages().get(stage).text() != null) {
                page.open("figure", "class", "text");
                page.open("figcaption")
                        .element("span", "", "class", "swatch " + StageTable.colour(stage))
                        .text(" " + run.stages().get(stage).name())
                        .close();
                page.open("blockquote", "dir", "auto");
                if (run.prompt() != null) {
                    page.element("b", run.prompt());
                }
                page.text(run.stages().get(stage).text()).close().close();
            }
        }
        page.close().close().line();
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

    /** Opens a part with a heading. */
    private void section(Markup page, String heading) {
        page.open("section").element(letter.isEmpty() ? "h2" : "h3", heading);
    }
}
