package org.espalier.cli;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.espalier.couple.Group.Role;
import org.espalier.error.Failure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Candidates;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import picocli.CommandLine.Option;

/** What may go, and how much. */
@Section(Topic.UNITS)
final class BudgetOptions {

    /** Kinds of units under the names that people use. */
    enum Unit {
        KV_HEADS(Role.HEADS, null),
        QUERY_HEADS(Role.QUERY_HEADS, null),
        NEURONS(Role.NEURONS, null),
        CHANNELS(Role.CHANNELS, null),
        ATTENTION(null, Kind.ATTENTION),
        MLP(null, Kind.MLP),
        LAYERS(null, Kind.LAYERS);

        final Role role;
        final Kind block;

        Unit(Role role, Kind block) {
            this.role = role;
            this.block = block;
        }

        /** Everything of some kinds, in every layer. */
        static Candidates candidates(List<Unit> units, BlockCriterion blockCriterion) {
            return Candidates.anywhere(
                    units.stream()
                            .map(unit -> unit.role)
                            .filter(Objects::nonNull)
                            .toList(),
                    units.stream()
                            .map(unit -> unit.block)
                            .filter(Objects::nonNull)
                            .toList(),
                    blockCriterion);
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Kinds of units that are usual together. */
    enum Mode {
        BLOCK(List.of(Unit.KV_HEADS, Unit.NEURONS)),
        CHANNEL(List.of(Unit.CHANNELS)),
        LAYER(List.of(Unit.LAYERS));

        private final List<Unit> units;

        Mode(List<Unit> units) {
            this.units = units;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the ratio counts. */
    enum RatioOf {
        PARAMETERS,
        UNITS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether what depends on each other goes together. */
    enum Dependency {
        ON,
        OFF;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Section(Topic.COMMON)
    @Option(
            names = "--ratio",
            paramLabel = "R",
            defaultValue = "0.2",
            converter = Converters.Share.class,
            description = "Share to remove, from 0 to 0.95 (default: ${DEFAULT-VALUE}).")
    private double ratio;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--ratio-of",
            paramLabel = "WHAT",
            description = "${COMPLETION-CANDIDATES}: of all parameters, or of each group's units as LLM-Pruner counts "
                    + "(default: parameters; units with --compat llm-pruner).")
    private RatioOf ratioOf;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--scope",
            paramLabel = "S",
            defaultValue = "local",
            description = "${COMPLETION-CANDIDATES}: the same share everywhere, or the lowest scores of all groups "
                    + "(default: ${DEFAULT-VALUE}).")
    private Scope scope;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--normalise",
            paramLabel = "BY",
            description =
                    "${COMPLETION-CANDIDATES}: what scores are divided by where groups compete (default: the "
                            + "parameters that a unit carries; none with --compat llm-pruner and where a criterion standardises).")
    private Normalise normalise;

    @Option(
            names = "--mode",
            paramLabel = "M",
            defaultValue = "block",
            description =
                    "${COMPLETION-CANDIDATES}: heads and neurons, the residual stream's channels everywhere, or whole "
                            + "layers (default: ${DEFAULT-VALUE}).")
    private Mode mode;

    @Option(
            names = "--units",
            paramLabel = "U",
            split = ",",
            description =
                    "What may go instead of a mode's units, with commas: ${COMPLETION-CANDIDATES} (default in blocks: "
                            + "neurons; if more than half of their parameters must go, query_heads with them, or kv_heads where "
                            + "those do not go far enough or with --compat llm-pruner).")
    private List<Unit> units;

    @Section(Topic.SCORING)
    @Option(
            names = "--block-score",
            paramLabel = "C",
            defaultValue = "cosine",
            description = "How attention, mlp and layers are scored: ${COMPLETION-CANDIDATES}: the sum of their units' "
                    + "scores, how much they turn the residual stream, how much the loss rises without them, the last first "
                    + "(default: ${DEFAULT-VALUE}).")
    private BlockCriterion blockCriterion;

    @Option(
            names = "--attention-layers",
            paramLabel = "A-B",
            converter = LayerRange.Converter.class,
            description =
                    "Layers whose attention, or heads of it, may go, both included, from 0; or none (default: all but "
                            + "the first eighth and the last sixteenth).")
    private LayerRange attentionLayers;

    @Option(
            names = "--mlp-layers",
            paramLabel = "A-B",
            converter = LayerRange.Converter.class,
            description = "Layers whose MLP, or neurons of it, may go (default: as for attention).")
    private LayerRange mlpLayers;

    @Option(
            names = "--keep-first",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Leave the first N layers whole (default: an eighth, rounded up).")
    private Integer keepFirst;

    @Option(
            names = "--keep-last",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Leave the last N layers whole (default: a sixteenth, rounded up).")
    private Integer keepLast;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--round",
            paramLabel = "N",
            defaultValue = "1",
            converter = Converters.Positive.class,
            description =
                    "Widths that are left are multiples of N: 8, 32, 64, 128 or 256 suit hardware (default: any).")
    private int round;

    @Option(
            names = "--dependency",
            paramLabel = "D",
            defaultValue = "on",
            description =
                    "${COMPLETION-CANDIDATES}; off: every matrix chooses by itself, as if none depended on another. "
                            + "It ruins the model, which is what it is there to show (default: ${DEFAULT-VALUE}).")
    private Dependency dependency;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        if (units != null && mode != Mode.BLOCK) {
            return Optional.of("give --mode or --units, not both");
        }
        if (!dependency() && chosen().containsAll(List.of(Unit.KV_HEADS, Unit.QUERY_HEADS))) {
            return Optional.of("--dependency off takes kv_heads or query_heads, not both");
        }
        boolean someLayers = attentionLayers != null
                || mlpLayers != null
                || keepFirst != null && keepFirst > 0
                || keepLast != null && keepLast > 0;
        return someLayers && chosen().equals(List.of(Unit.CHANNELS))
                ? Optional.of(
                        "channels run through every layer: leave out --keep-first, --keep-last, --attention-layers "
                                + "and --mlp-layers")
                : Optional.empty();
    }

    /** What may go, wherever it lies. */
    Candidates anywhere() {
        return Unit.candidates(chosen(), blockCriterion);
    }

    /** Whether what depends on each other goes together. */
    boolean dependency() {
        return dependency == Dependency.ON;
    }

    /** Whether what goes can be made up for: the residual stream keeps its width. */
    boolean compensable() {
        return dependency() && !chosen().contains(Unit.CHANNELS);
    }

    private List<Unit> chosen() {
        return units == null ? mode.units : units;
    }

    /**
     * @param config       of the model
     * @param compatible   whether LLM-Pruner's choices are wanted
     * @param standardised whether scores of different groups compare as they are
     * @param steps        times that units are scored
     */
    Budget budget(ModelConfig config, boolean compatible, boolean standardised, int steps) {
        int layers = config.layers().size();
        LayerRange inner = new LayerRange(
                keepFirst == null ? Math.ceilDiv(layers, 8) : keepFirst,
                layers - 1 - (keepLast == null ? Math.ceilDiv(layers, 16) : keepLast));
        RatioOf counted = ratioOf != null ? ratioOf : compatible ? RatioOf.UNITS : RatioOf.PARAMETERS;
        Normalise by =
                normalise != null ? normalise : compatible || standardised ? Normalise.NONE : Normalise.PARAMETERS;
        LayerRange attention = attentionLayers == null ? inner : attentionLayers;
        LayerRange mlp = mlpLayers == null ? inner : mlpLayers;
        requireInside("--attention-layers", attention, layers);
        requireInside("--mlp-layers", mlp, layers);
        boolean usual = units == null && mode == Mode.BLOCK && !compatible && counted == RatioOf.PARAMETERS;
        Candidates kinds =
                Unit.candidates(usual ? new UsualUnits(config, attention, mlp).of(ratio) : chosen(), blockCriterion);
        return new Budget(
                new Budget.Amount(ratio, counted == RatioOf.UNITS, round, steps),
                scope,
                by,
                new Candidates(kinds.roles(), kinds.blocks(), blockCriterion, attention, mlp, dependency()));
    }

    private static void requireInside(String option, LayerRange range, int layers) {
        if (range.last() >= layers) {
            throw new Failure(
                    "the model has layers 0 to " + (layers - 1),
                    option + " " + range.first() + "-" + range.last(),
                    "name layers that it has");
        }
    }
}
