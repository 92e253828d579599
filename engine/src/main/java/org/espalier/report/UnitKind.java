package org.espalier.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Widths;

/** Kinds of units that a layer has: what it had, what a plan keeps of it, and the role under which it is scored. */
enum UnitKind {
    QUERY_HEADS("query heads", "query_heads", Widths::heads, Plan.Layer::keptHeads),
    KV_HEADS("key/value heads", "heads", Widths::kvHeads, Plan.Layer::keptKvHeads),
    NEURONS("neurons", "neurons", Widths::neurons, Plan.Layer::keptNeurons);

    private final String label;
    private final String role;
    private final ToIntFunction<Widths> width;
    private final Function<Plan.Layer, int[]> kept;

    UnitKind(String label, String role, ToIntFunction<Widths> width, Function<Plan.Layer, int[]> kept) {
        this.label = label;
        this.role = role;
        this.width = width;
        this.kept = kept;
    }

    /** The name for people, in the plural. */
    String label() {
        return label;
    }

    /** Units of a layer before pruning. */
    int width(Widths widths) {
        return width.applyAsInt(widths);
    }

    /** Indices that a layer keeps. */
    int[] kept(Plan.Layer layer) {
        return kept.apply(layer);
    }

    /** Units of a layer after pruning; none of a layer that the plan does not have. */
    int count(Plan plan, int layer) {
        return layer(plan, layer).map(l -> kept(l).length).orElse(0);
    }

    /** What a plan keeps of a layer; empty if the layer goes whole. */
    static Optional<Plan.Layer> layer(Plan plan, int layer) {
        return plan.kept().layer(layer);
    }

    /** The scores of this kind of units, by layer. */
    Map<Integer, double[]> scores(ScoresFile file) {
        List<ScoresFile.Group> mine = file.groups().stream()
                .filter(g -> g.layer() >= 0 && g.role().equals(role))
                .toList();
        return mine.stream()
                .collect(
                        Collectors.toMap(ScoresFile.Group::layer, ScoresFile.Group::scores, (a, b) -> a, TreeMap::new));
    }
}
