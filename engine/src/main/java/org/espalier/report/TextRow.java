package org.espalier.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What the models wrote after one prompt.
 *
 * @param prompt null if it is not known
 * @param texts  by the number of the stage, without the prompt
 */
record TextRow(String prompt, SequencedMap<Integer, String> texts) {

    /** A row for every prompt that a model continued: the run's own first. */
    static List<TextRow> of(Comparison run) {
        List<TextRow> rows = new ArrayList<>();
        SequencedMap<Integer, String> own = new LinkedHashMap<>();
        Map<String, TextRow> further = new LinkedHashMap<>();
        for (int stage = 0; stage < run.stages().size(); stage++) {
            Comparison.Stage model = run.stages().get(stage);
            if (model.text() != null) {
                own.put(stage, model.text());
            }
            for (Comparison.Text text : model.texts()) {
                further.computeIfAbsent(text.prompt(), prompt -> new TextRow(prompt, new LinkedHashMap<>()))
                        .texts
                        .put(stage, text.text());
            }
        }
        if (!own.isEmpty()) {
            rows.add(new TextRow(run.prompt(), own));
        }
        rows.addAll(further.values());
        return rows;
    }
}
