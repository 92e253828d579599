package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.report.Comparison.Point;
import org.espalier.report.Comparison.Training;

/** The loss curve of a training: what it was trained on, and what it was not. */
final class LossChart {

    /** More points than this are not told apart on a screen. */
    private static final int MOST_POINTS = 500;

    private static final int TICKS = 6;

    private LossChart() {}

    /** Whether there is a curve to draw. */
    static boolean has(Training training) {
        return training != null && all(training).count() > 1;
    }

    /** Draws the curve with its legend. */
    static void draw(Markup page, Training training) {
        double[] losses = all(training).mapToDouble(Point::loss).toArray();
        int first = all(training).mapToInt(Point::step).min().orElseThrow();
        int last = all(training).mapToInt(Point::step).max().orElseThrow();
        Scale y = Scale.padded(losses);
        int bin = Math.ceilDiv(training.losses().size(), MOST_POINTS);
        page.open("figure");
        legend(page, training, bin);
        Plot plot = Plot.open(page, Scale.counts(first, last, TICKS), y, "Loss while training", description(training));
        plot.axes("optimiser step", "loss, nats a token");
        plot.line("training", binned(training.losses(), bin)).line("held-out", training.evalLosses());
        training.evalLosses().stream()
                .filter(p -> p.loss() != null)
                .forEach(p -> plot.dot(
                        "held-out",
                        p.step(),
                        p.loss(),
                        "step %d: held-out loss %s".formatted(p.step(), Figures.loss(p.loss()))));
        plot.close();
        page.close();
    }

    private static Stream<Point> all(Training training) {
        return Stream.concat(training.losses().stream(), training.evalLosses().stream())
                .filter(p -> p.loss() != null);
    }

    private static void legend(Markup page, Training training, int bin) {
        page.open("figcaption", "class", "legend");
        if (!training.losses().isEmpty()) {
            Plot.key(page, "training", "training, mean of " + (bin > 1 ? bin + " steps" : "a step's samples"));
        }
        if (!training.evalLosses().isEmpty()) {
            Plot.key(page, "held-out", "held-out samples");
        }
        page.close();
    }

    private static String description(Training training) {
        return "%d steps.%s%s"
                .formatted(
                        training.steps(), ends("Training", training.losses()), ends("Held-out", training.evalLosses()));
    }

    private static String ends(String name, List<Point> points) {
        List<Point> known = points.stream().filter(p -> p.loss() != null).toList();
        return known.isEmpty()
                ? ""
                : " %s loss from %s at step %d to %s at step %d."
                        .formatted(
                                name,
                                Figures.loss(known.getFirst().loss()),
                                known.getFirst().step(),
                                Figures.loss(known.getLast().loss()),
                                known.getLast().step());
    }

    /** Neighbouring points made one: the mean loss at the last step of them. */
    private static List<Point> binned(List<Point> points, int bin) {
        List<Point> fewer = new ArrayList<>();
        for (int first = 0; first < points.size(); first += bin) {
            List<Point> some = points.subList(first, Math.min(points.size(), first + bin));
            boolean known = some.stream().map(Point::loss).allMatch(Objects::nonNull);
            fewer.add(new Point(
                    some.getLast().step(),
                    known
                            ? (Double) some.stream()
                                    .mapToDouble(Point::loss)
                                    .average()
                                    .orElseThrow()
                            : null));
        }
        return fewer;
    }
}
