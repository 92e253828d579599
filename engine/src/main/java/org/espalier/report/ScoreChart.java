package org.espalier.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;

/**
 * Importance of the units of each layer: where the scores of those that were removed and of those that stay lie. A layer of
 * few units shows each, one of many the range and the median of both.
 */
final class ScoreChart {

    private static final int FEW = 16;
    /** Layers beside each other in which bars have room. */
    private static final int ROOMY = 40;
    /** Blocks that are scored as wholes, and when a layer of a plan still has one. */
    private static final Map<String, Predicate<Plan.Layer>> BLOCKS = Map.of(
            "attention", l -> l.keptHeads().length > 0, "mlp", l -> l.keptNeurons().length > 0, "layers", l -> true);

    private final String label;
    /** By layer. */
    private final Map<Integer, double[]> scores;
    /** The units of a layer that stay; null if nobody has decided. */
    private final IntFunction<BitSet> kept;

    private ScoreChart(String label, Map<Integer, double[]> scores, IntFunction<BitSet> kept) {
        this.label = label;
        this.scores = scores;
        this.kept = kept;
    }

    /** A chart for each kind of scored units, and for each kind of blocks that go whole; {@code plan} may be null. */
    static List<ScoreChart> of(ScoresFile scores, Plan plan) {
        List<ScoreChart> charts = new ArrayList<>();
        for (UnitKind kind : UnitKind.values()) {
            charts.add(new ScoreChart(
                    kind.label() + " of each layer",
                    finite(kind.scores(scores)),
                    plan == null ? null : layer -> units(kind, plan, layer)));
        }
        for (ScoresFile.Group group : scores.groups()) {
            Predicate<Plan.Layer> stays = BLOCKS.get(group.role());
            if (stays != null && group.layer() < 0) {
                charts.add(new ScoreChart(
                        group.role().equals("layers") ? "whole layers" : "whole " + group.role() + " blocks",
                        finite(oneEach(group.scores())),
                        plan == null ? null : layer -> block(stays, plan, layer)));
            }
        }
        return charts.stream().filter(chart -> !chart.scores.isEmpty()).toList();
    }

    private static BitSet units(UnitKind kind, Plan plan, int layer) {
        BitSet kept = new BitSet();
        UnitKind.layer(plan, layer)
                .map(kind::kept)
                .ifPresent(units -> Arrays.stream(units).forEach(kept::set));
        return kept;
    }

    private static BitSet block(Predicate<Plan.Layer> stays, Plan plan, int layer) {
        BitSet kept = new BitSet();
        kept.set(0, UnitKind.layer(plan, layer).filter(stays).isPresent());
        return kept;
    }

    private static Map<Integer, double[]> oneEach(double[] scores) {
        Map<Integer, double[]> layers = new TreeMap<>();
        IntStream.range(0, scores.length).forEach(layer -> layers.put(layer, new double[] {scores[layer]}));
        return layers;
    }

    /** Layers all of whose scores are numbers. */
    private static Map<Integer, double[]> finite(Map<Integer, double[]> all) {
        Map<Integer, double[]> some = new TreeMap<>(all);
        some.values().removeIf(s -> s.length == 0 || !Arrays.stream(s).allMatch(Double::isFinite));
        return some;
    }

    void draw(Markup page) {
        int first = scores.keySet().iterator().next();
        int last = scores.keySet().stream().mapToInt(l -> l).max().orElseThrow();
        Scale x = Scale.counts(first, last, 10);
        // Half a layer of room on both sides.
        Scale layers = new Scale(first - 0.5, last + 0.5, false, x.ticks());
        Scale y = Scale.spread(
                scores.values().stream().flatMapToDouble(Arrays::stream).toArray());
        page.open("figure");
        page.open("figcaption", "class", "legend").element("b", label);
        if (kept != null) {
            Plot.key(page, "gone", "removed");
        }
        Plot.key(page, "stays", kept == null ? "scored" : "kept");
        page.close();
        Plot plot = Plot.open(page, layers, y, "Importance of the " + label, description());
        plot.axes("layer", "score" + (y.logarithmic() ? ", logarithmic" : ""));
        scores.forEach((layer, of) -> layer(plot, layer, of));
        plot.close();
        page.close().line();
    }

    private void layer(Plot plot, int layer, double[] of) {
        double[] gone = pick(layer, of, false);
        double[] stays = pick(layer, of, true);
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

    /** The scores of the units of a layer that stay, or of those that go, ascending. */
    private double[] pick(int layer, double[] of, boolean stay) {
        BitSet staying = kept == null ? null : kept.apply(layer);
        return IntStream.range(0, of.length)
                .filter(u -> (staying == null || staying.get(u)) == stay)
                .mapToDouble(u -> of[u])
                .sorted()
                .toArray();
    }

    private static String hint(int layer, String fate, double score) {
        return "layer %d, %s: %s".formatted(layer, fate, Figures.significant(score));
    }

    private String description() {
        StringBuilder all = new StringBuilder();
        scores.forEach((layer, of) -> {
            double[] sorted = Arrays.stream(of).sorted().toArray();
            all.append("Layer %d: median %s, highest %s, %d of %d kept. "
                    .formatted(
                            layer,
                            Figures.significant(sorted[sorted.length / 2]),
                            Figures.significant(sorted[sorted.length - 1]),
                            pick(layer, of, true).length,
                            of.length));
        });
        return all.toString().strip();
    }
}
