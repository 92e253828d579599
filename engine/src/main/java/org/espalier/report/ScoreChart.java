package org.espalier.report;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.espalier.prune.Plan;
import org.espalier.prune.ScoresFile;

/**
 * Importance of the units of each layer: where the scores of those that were removed and of those that stay lie. A layer of
 * few units shows each, one of many the range and the median of both.
 */
final class ScoreChart {

    private static final int FEW = 16;
    /** Layers beside each other in which bars have room. */
    private static final int ROOMY = 40;

    private final UnitKind kind;
    private final Plan plan;
    private final Map<Integer, double[]> scores;

    private ScoreChart(UnitKind kind, Plan plan, Map<Integer, double[]> scores) {
        this.kind = kind;
        this.plan = plan;
        this.scores = scores;
    }

    /** Whether there is something to draw. */
    static boolean has(ScoresFile scores) {
        return scores != null && Arrays.stream(UnitKind.values()).anyMatch(k -> !finite(k.scores(scores)).isEmpty());
    }

    /** Draws a chart for each kind of scored units. */
    static void draw(Markup page, ScoresFile scores, Plan plan) {
        for (UnitKind kind : UnitKind.values()) {
            Map<Integer, double[]> mine = finite(kind.scores(scores));
            if (!mine.isEmpty()) {
                new ScoreChart(kind, plan, mine).figure(page);
            }
        }
    }

    /** Layers all of whose scores are numbers. */
    private static Map<Integer, double[]> finite(Map<Integer, double[]> all) {
        Map<Integer, double[]> some = new TreeMap<>(all);
        some.values().removeIf(s -> s.length == 0 || !Arrays.stream(s).allMatch(Double::isFinite));
        return some;
    }

    private void figure(Markup page) {
        int first = scores.keySet().iterator().next();
        int last = scores.keySet().stream().mapToInt(l -> l).max().orElseThrow();
        Scale x = Scale.counts(first, last, 10);
        // Half a layer of room on both sides.
        Scale layers = new Scale(first - 0.5, last + 0.5, false, x.ticks());
        Scale y = Scale.spread(scores.values().stream().flatMapToDouble(Arrays::stream).toArray());
        page.open("figure");
        page.open("figcaption", "class", "legend").element("b", kind.label());
        if (plan != null) {
            Plot.key(page, "gone", "removed");
        }
        Plot.key(page, "stays", plan == null ? "scored" : "kept");
        page.close();
        Plot plot = Plot.open(page, layers, y, "Importance of the %s of each layer".formatted(kind.label()), description());
        plot.axes("layer", "score" + (y.logarithmic() ? ", logarithmic" : ""));
        scores.forEach((layer, of) -> layer(plot, layer, of));
        plot.close();
        page.close().line();
    }

    private void layer(Plot plot, int layer, double[] of) {
        BitSet kept = kept(layer, of.length);
        double[] gone = pick(of, kept, false);
        double[] stays = pick(of, kept, true);
        boolean roomy = scores.size() <= ROOMY;
        if (of.length <= FEW) {
            Arrays.stream(stays).forEach(s -> plot.dot("stays", layer, s, hint(layer, "kept", s)));
            Arrays.stream(gone).forEach(s -> plot.dot("gone", layer, s, hint(layer, "removed", s)));
        } else {
            range(plot, "gone", layer, gone, roomy ? -2.5 : -1, roomy ? 4 : 2);
            range(plot, "stays", layer, stays, roomy ? 2.5 : 1, roomy ? 4 : 2);
        }
    }

    private static void range(Plot plot, String kind, int layer, double[] sorted, double shift, double width) {
        if (sorted.length > 0) {
            plot.bar(kind + " faint", layer, sorted[0], sorted[sorted.length - 1], shift, width);
            plot.bar(kind, layer, sorted[sorted.length / 4], sorted[3 * (sorted.length - 1) / 4], shift, width);
        }
    }

    private BitSet kept(int layer, int count) {
        BitSet kept = new BitSet();
        if (plan == null) {
            kept.set(0, count);
        } else {
            UnitKind.layer(plan, layer).map(kind::kept).ifPresent(units -> Arrays.stream(units)
                    .filter(u -> u < count).forEach(kept::set));
        }
        return kept;
    }

    /** The scores of the units that are in {@code kept}, or of those that are not, ascending. */
    private static double[] pick(double[] of, BitSet kept, boolean in) {
        return IntStream.range(0, of.length).filter(u -> kept.get(u) == in).mapToDouble(u -> of[u]).sorted().toArray();
    }

    private static String hint(int layer, String fate, double score) {
        return "layer %d, %s: %s".formatted(layer, fate, Figures.significant(score));
    }

    private String description() {
        StringBuilder all = new StringBuilder();
        scores.forEach((layer, of) -> {
            double[] sorted = Arrays.stream(of).sorted().toArray();
            all.append("Layer %d: median %s, highest %s, %d of %d kept. ".formatted(layer,
                    Figures.significant(sorted[sorted.length / 2]), Figures.significant(sorted[sorted.length - 1]),
                    kept(layer, of.length).cardinality(), of.length));
        });
        return all.toString().strip();
    }
}
