package org.espalier.cli;

import java.util.List;
import java.util.Locale;
import org.espalier.couple.Group.Role;
import org.espalier.prune.Allocation.Scope;
import org.espalier.prune.Pruning;
import picocli.CommandLine.Option;

/** What may go, and how much. */
final class BudgetOptions {

    /** Kinds of units under the names that people use. */
    enum Unit {
        KV_HEADS(Role.HEADS), QUERY_HEADS(Role.QUERY_HEADS), NEURONS(Role.NEURONS);

        private final Role role;

        Unit(Role role) {
            this.role = role;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the ratio counts. */
    enum RatioOf {
        PARAMETERS, UNITS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--ratio", paramLabel = "R", defaultValue = "0.2", converter = Converters.Share.class,
            description = "Share to remove, from 0 to 0.95 (default: ${DEFAULT-VALUE}).")
    private double ratio;

    @Option(names = "--ratio-of", paramLabel = "WHAT",
            description = "${COMPLETION-CANDIDATES}: of all parameters, or of each group's units as LLM-Pruner counts "
                    + "(default: parameters; units with --compat llm-pruner).")
    private RatioOf ratioOf;

    @Option(names = "--scope", paramLabel = "S", defaultValue = "local",
            description = "${COMPLETION-CANDIDATES}: the same share everywhere, or the lowest scores of all groups "
                    + "(default: ${DEFAULT-VALUE}).")
    private Scope scope;

    @Option(names = "--units", paramLabel = "U", split = ",", defaultValue = "kv_heads,neurons",
            description = "What may go, with commas: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<Unit> units;

    @Option(names = "--attention-layers", paramLabel = "A-B", converter = LayerRange.Converter.class,
            description = "Layers whose heads may go, both included, from 0; or none (default: all but the first eighth and "
                    + "the last sixteenth).")
    private LayerRange attentionLayers;

    @Option(names = "--mlp-layers", paramLabel = "A-B", converter = LayerRange.Converter.class,
            description = "Layers whose neurons may go (default: as for attention).")
    private LayerRange mlpLayers;

    @Option(names = "--keep-first", paramLabel = "N", converter = Converters.NotNegative.class,
            description = "Leave the first N layers whole (default: an eighth, rounded up).")
    private Integer keepFirst;

    @Option(names = "--keep-last", paramLabel = "N", converter = Converters.NotNegative.class,
            description = "Leave the last N layers whole (default: a sixteenth, rounded up).")
    private Integer keepLast;

    Pruning.Budget budget(int layers, boolean compatible) {
        LayerRange inner = new LayerRange(keepFirst == null ? Math.ceilDiv(layers, 8) : keepFirst,
                layers - 1 - (keepLast == null ? Math.ceilDiv(layers, 16) : keepLast));
        RatioOf counted = ratioOf != null ? ratioOf : compatible ? RatioOf.UNITS : RatioOf.PARAMETERS;
        return new Pruning.Budget(ratio, counted == RatioOf.UNITS, scope, units.stream().map(u -> u.role).toList(),
                attentionLayers == null ? inner : attentionLayers, mlpLayers == null ? inner : mlpLayers);
    }
}
