package org.espalier.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Widths;

/**
 * How wide the layers were that a plan is for. A plan does not say so; scores do of those that could lose units, and the
 * others lost none. Without scores a layer counts as wide as the widest that is known.
 */
final class PlanWidths {

    private final Plan plan;
    private final ScoresFile scores;

    /** How many units of each kind were scored, by layer. */
    private final Map<UnitKind, Map<Integer, double[]>> scored = new EnumMap<>(UnitKind.class);

    private final Map<UnitKind, Integer> widest = new EnumMap<>(UnitKind.class);

    private PlanWidths(Plan plan, ScoresFile scores) {
        this.plan = plan;
        this.scores = scores;
        for (UnitKind kind : UnitKind.values()) {
            scored.put(kind, scores == null ? Map.of() : kind.scores(scores));
            widest.put(kind, findWidest(kind));
        }
    }

    /** Of every layer, those that are gone included; {@code scores} may be null. */
    static List<Widths> of(Plan plan, ScoresFile scores) {
        PlanWidths widths = new PlanWidths(plan, scores);
        int last =
                plan.kept().layers().stream().mapToInt(Plan.Layer::layer).max().orElse(-1);
        if (scores != null) {
            last = Math.max(
                    last,
                    scores.groups().stream()
                            .mapToInt(PlanWidths::lastLayer)
                            .max()
                            .orElse(-1));
        }
        List<Widths> all = new ArrayList<>();
        for (int layer = 0; layer <= last; layer++) {
            all.add(widths.layer(layer));
        }
        return all;
    }

    /** The scores of whole blocks are one group over all layers. */
    private static int lastLayer(ScoresFile.Group group) {
        boolean blocks =
                group.layer() < 0 && List.of("attention", "mlp", "layers").contains(group.role());
        return blocks ? group.scores().length - 1 : group.layer();
    }

    private Widths layer(int layer) {
        int kvHeads = width(UnitKind.KV_HEADS, layer);
        int perHead = Math.ceilDiv(widest(UnitKind.QUERY_HEADS), Math.max(1, widest(UnitKind.KV_HEADS)));
        int heads = scored(UnitKind.QUERY_HEADS, layer)
                .orElseGet(() -> kept(UnitKind.KV_HEADS, layer)
                        .map(kept -> kept == 0
                                ? 0
                                : kvHeads * (kept(UnitKind.QUERY_HEADS, layer).orElse(0) / kept))
                        .filter(count -> count > 0)
                        .orElse(kvHeads * perHead));
        return new Widths(
                layer, Math.max(heads, named(UnitKind.QUERY_HEADS, layer)), kvHeads, width(UnitKind.NEURONS, layer));
    }

    private int width(UnitKind kind, int layer) {
        int width = scored(kind, layer)
                .or(() -> scores == null ? Optional.empty() : kept(kind, layer).filter(count -> count > 0))
                .orElseGet(() -> widest(kind));
        return Math.max(width, named(kind, layer));
    }

    /** As many units as the plan names one of, whatever scores say: they may be of another model. */
    private int named(UnitKind kind, int layer) {
        return UnitKind.layer(plan, layer)
                .map(l -> IntStream.of(kind.kept(l)).max().orElse(-1) + 1)
                .orElse(0);
    }

    private Optional<Integer> scored(UnitKind kind, int layer) {
        return Optional.ofNullable(scored.get(kind).get(layer)).map(s -> s.length);
    }

    private Optional<Integer> kept(UnitKind kind, int layer) {
        return UnitKind.layer(plan, layer).map(l -> kind.kept(l).length);
    }

    /** The most units that any layer is known to have. */
    private int widest(UnitKind kind) {
        return widest.get(kind);
    }

    private int findWidest(UnitKind kind) {
        IntStream named = plan.kept().layers().stream()
                .flatMapToInt(l -> IntStream.of(kind.kept(l)))
                .map(unit -> unit + 1);
        IntStream counted = scored.get(kind).values().stream().mapToInt(s -> s.length);
        return IntStream.concat(named, counted).max().orElse(0);
    }
}
