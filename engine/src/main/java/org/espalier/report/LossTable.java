package org.espalier.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.report.Comparison.Point;
import org.espalier.report.Comparison.Training;

/** What held-out samples said while a model was trained, look by look. */
final class LossTable {

    private LossTable() {}

    /** Whether there is more to say than the chart of losses does. */
    static boolean has(Training training) {
        return training != null && !training.heldOut().crossEntropies().isEmpty();
    }

    /** What was measured at every look, by its name. */
    static SequencedMap<String, List<String>> rows(Training training) {
        SequencedMap<String, List<String>> rows = new LinkedHashMap<>();
        rows.put("loss", texts(training.evalLosses()));
        if (!training.heldOut().divergences().isEmpty()) {
            rows.put("divergence from the teacher", texts(training.heldOut().divergences()));
        }
        if (!training.heldOut().crossEntropies().isEmpty()) {
            rows.put("cross-entropy of the texts", texts(training.heldOut().crossEntropies()));
        }
        return rows;
    }

    private static List<String> texts(List<Point> points) {
        return points.stream()
                .map(p -> p.loss() == null ? MeasureSeries.NOTHING : Figures.loss(p.loss()))
                .toList();
    }

    /** Draws them, a look a row. */
    static void draw(Markup page, Training training) {
        List<ModelTable.Column> columns = rows(training).entrySet().stream()
                .map(row -> new ModelTable.Column(
                        row.getKey(),
                        "",
                        row.getValue().stream().map(ModelTable.Cell::of).toList()))
                .toList();
        List<String> steps = training.evalLosses().stream()
                .map(p -> "step %,d".formatted(p.step()))
                .toList();
        ModelTable.draw(page, "Held-out samples while training, nats a token", steps, columns);
    }
}
