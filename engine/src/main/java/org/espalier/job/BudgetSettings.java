package org.espalier.job;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Candidates;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Rounding;
import org.espalier.plan.WidthTable;

/** What may go, and how much. */
public final class BudgetSettings extends Settings<BudgetSettings> {

    /** Kinds of units that usually go together. */
    public enum Mode {
        /** Heads and neurons. */
        BLOCK(List.of(Unit.KV_HEADS, Unit.NEURONS)),
        /** The residual stream's channels, everywhere. */
        CHANNEL(List.of(Unit.CHANNELS)),
        /** Whole layers. */
        LAYER(List.of(Unit.LAYERS));

        private final List<Unit> units;

        Mode(List<Unit> units) {
            this.units = units;
        }

        /** The name on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What a ratio counts. */
    public enum RatioOf {
        /** All parameters of the model, tied ones once. */
        PARAMETERS,
        /** The units of each group, as LLM-Pruner counts. */
        UNITS;

        /** The name on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The largest share that can be removed. */
    public static final double MOST = 0.95;

    /** Of this many first layers one is left whole. */
    private static final int FIRST_LAYERS = 8;
    /** Of this many last layers one is left whole. */
    private static final int LAST_LAYERS = 16;

    private double ratio = 0.2;
    private boolean ratioGiven;
    private Optional<RatioOf> ratioOf = Optional.empty();
    private Optional<Scope> scope = Optional.empty();
    private Optional<Normalise> normalise = Optional.empty();
    private OptionalInt round = OptionalInt.empty();
    private boolean uniform;
    private Mode mode = Mode.BLOCK;
    private Optional<List<Unit>> units = Optional.empty();
    private Optional<LayerRange> attentionLayers = Optional.empty();
    private Optional<LayerRange> mlpLayers = Optional.empty();
    private OptionalInt keepFirst = OptionalInt.empty();
    private OptionalInt keepLast = OptionalInt.empty();
    private boolean dependency = true;
    private List<String> kept = List.of();
    private List<GroupShare> shares = List.of();
    private GoalSettings goal = GoalSettings.defaults();
    private TokenSettings tokens = TokenSettings.defaults();
    private Optional<Tool> tool = Optional.empty();

    private BudgetSettings() {}

    /** A fifth of all parameters, of neurons and, where those are not enough, of heads; the same share of every layer but the outer ones. */
    public static BudgetSettings defaults() {
        return new BudgetSettings();
    }

    /** The share to remove, from 0 to {@value #MOST}. */
    public BudgetSettings ratio(double share) {
        within(0, MOST, "ratio", share);
        return with(copy -> {
            copy.ratio = share;
            copy.ratioGiven = true;
        });
    }

    /** Whether somebody set the share. */
    boolean ratioGiven() {
        return ratioGiven;
    }

    /** Which tokens stay where tokens are among the units. */
    public BudgetSettings tokens(TokenSettings tokens) {
        return with(copy -> copy.tokens = tokens);
    }

    /** Which tokens stay where tokens are among the units. */
    public TokenSettings tokens() {
        return tokens;
    }

    /** Whether tokens are among the units. */
    boolean cutsTokens() {
        return chosen().contains(Unit.TOKENS);
    }

    /** Whether tokens go until a ratio is met, and no more. */
    boolean boundByRatio() {
        return goal.target().isEmpty() && (ratioGiven || !tokensAlone());
    }

    /** Whether nothing but tokens may go. */
    boolean tokensAlone() {
        return chosen().equals(List.of(Unit.TOKENS));
    }

    /** The share to remove. */
    public double ratio() {
        return ratio;
    }

    /** Shares that some groups lose whatever others lose; {@link #ratio()} is of everything, with them. */
    public BudgetSettings shares(List<GroupShare> groups) {
        groups.forEach(group -> within(0, MOST, "share", group.share()));
        return with(copy -> copy.shares = List.copyOf(groups));
    }

    /** Groups that stay whole: whole parts of their names, in which {@code *} stands for anything, such as {@code layers.5}. */
    public BudgetSettings keep(List<String> groups) {
        return with(copy -> copy.kept = List.copyOf(groups));
    }

    /** What the ratio counts; parameters, or units where LLM-Pruner's choices are wanted, if nothing is set. */
    public BudgetSettings ratioOf(RatioOf counted) {
        return with(copy -> copy.ratioOf = Optional.of(counted));
    }

    /** Whether every group loses the same share, the lowest scores of all go, or a table of widths says which. */
    public BudgetSettings scope(Scope scope) {
        return with(copy -> copy.scope = Optional.of(scope));
    }

    /** How groups compete; if nothing is set, every group loses the same share, unless a table of widths is named. */
    public Scope scope() {
        return scope.orElse(goal.widths().isPresent() ? Scope.DIVERGENCE : Scope.LOCAL);
    }

    /** What is to be reached in place of a ratio, and the tables that it is chosen by. */
    public BudgetSettings goal(GoalSettings goal) {
        return with(copy -> copy.goal = goal);
    }

    /** What is to be reached in place of a ratio, and the tables that it is chosen by. */
    public GoalSettings goal() {
        return goal;
    }

    /** A program that is to open what is left; it says what widths are multiples of, and whether layers are alike. */
    public BudgetSettings opening(Tool program) {
        return with(copy -> copy.tool = Optional.of(program));
    }

    /** A program that is to open what is left. */
    public Optional<Tool> opening() {
        return tool;
    }

    /**
     * The same with what a program that is to open the result asks of this model.
     *
     * @throws Failure if it has no such models
     */
    BudgetSettings fitting(ModelCheckpoint checkpoint, Structure structure) {
        return tool.map(program -> uniform(program.uniform(checkpoint, structure)))
                .orElse(this);
    }

    /** The same where units that a table tells of go if none are named. */
    BudgetSettings following(WidthTable table) {
        return units.isPresent() || mode != Mode.BLOCK ? this : units(Unit.of(table));
    }

    /** The same for numbers that compare as they are, whatever they are of: all groups compete where nothing else is set. */
    BudgetSettings competing() {
        return scope(scope.orElse(Scope.GLOBAL)).normalise(Normalise.NONE);
    }

    /** Whether all that may go is heads, neurons and whole branches, and tokens beside them. */
    boolean ofBranches() {
        return chosen().stream().noneMatch(unit -> unit == Unit.CHANNELS || unit == Unit.EXPERTS);
    }

    /** What scores are divided by where groups compete. */
    public BudgetSettings normalise(Normalise divisor) {
        return with(copy -> copy.normalise = Optional.of(divisor));
    }

    /**
     * What widths that are left are multiples of. If nothing is set, multiples of {@link #round()}, or of a smaller power of
     * two where that is more than a tenth of a width; any where LLM-Pruner's choices are wanted.
     */
    public BudgetSettings round(int multiple) {
        atLeast(1, "round", multiple);
        return with(copy -> copy.round = OptionalInt.of(multiple));
    }

    /** What widths that are left are multiples of. */
    public int round() {
        return round.orElse(Rounding.USUAL);
    }

    /** Whether all layers keep equally many heads and neurons, each its own best, so that other programs open the result. */
    public BudgetSettings uniform(boolean equalLayers) {
        return with(copy -> copy.uniform = equalLayers);
    }

    /** Whether all layers keep equally many heads and neurons. */
    public boolean uniform() {
        return uniform;
    }

    /** Kinds of units that usually go together. */
    public BudgetSettings mode(Mode mode) {
        return with(copy -> copy.mode = mode);
    }

    /** Kinds of units that usually go together. */
    public Mode mode() {
        return mode;
    }

    /** What may go instead of a mode's units. */
    public BudgetSettings units(List<Unit> units) {
        List<Unit> all = List.copyOf(units);
        return with(copy -> copy.units = Optional.of(all));
    }

    /** Layers whose attention, or heads of it, may go. */
    public BudgetSettings attentionLayers(LayerRange layers) {
        return with(copy -> copy.attentionLayers = Optional.of(layers));
    }

    /** Layers whose MLP, or neurons of it, may go. */
    public BudgetSettings mlpLayers(LayerRange layers) {
        return with(copy -> copy.mlpLayers = Optional.of(layers));
    }

    /** Layers at the beginning that are left whole. */
    public BudgetSettings keepFirst(int layers) {
        atLeast(0, "keepFirst", layers);
        return with(copy -> copy.keepFirst = OptionalInt.of(layers));
    }

    /** Layers at the end that are left whole. */
    public BudgetSettings keepLast(int layers) {
        atLeast(0, "keepLast", layers);
        return with(copy -> copy.keepLast = OptionalInt.of(layers));
    }

    /** Whether what depends on each other goes together. Without, every matrix chooses by itself, which ruins the model. */
    public BudgetSettings dependency(boolean together) {
        return with(copy -> copy.dependency = together);
    }

    /** Whether what depends on each other goes together. */
    public boolean dependency() {
        return dependency;
    }

    @Override
    public Optional<String> complaint() {
        Optional<String> aboutWidths = complaintAboutWidths();
        if (aboutWidths.isPresent()) {
            return aboutWidths;
        }
        if (units.isPresent() && mode != Mode.BLOCK) {
            return Optional.of("give --mode or --units, not both");
        }
        if (!dependency && chosen().containsAll(List.of(Unit.KV_HEADS, Unit.QUERY_HEADS))) {
            return Optional.of("--dependency off takes kv_heads or query_heads, not both");
        }
        if (tool.isPresent() && (round.isPresent() || uniform)) {
            return Optional.of("--for " + tool.get() + " says what widths are left: leave out --round and --uniform");
        }
        return tool.isPresent() && tool.get().uniform() ? uniform(true).complaintAboutLayers() : complaintAboutLayers();
    }

    private Optional<String> complaintAboutLayers() {
        boolean outerLayers = keepFirst.orElse(0) > 0 || keepLast.orElse(0) > 0;
        boolean single = chosen().contains(Unit.ATTENTION) || chosen().contains(Unit.MLP);
        if (uniform && (single || outerLayers && cutsLayers())) {
            return Optional.of("--uniform makes all layers equal: leave out --keep-first, --keep-last and the units "
                    + "attention and mlp");
        }
        if (uniform && !(kept.isEmpty() && shares.isEmpty())) {
            return Optional.of(
                    "--uniform makes all layers equal: leave out " + (kept.isEmpty() ? "--ratio NAME=R" : "--keep"));
        }
        if (!dependency && !shares.isEmpty()) {
            return Optional.of("--ratio NAME=R does not go with --dependency off");
        }
        Optional<String> ofTokens = complaintAboutTokens();
        if (ofTokens.isPresent()) {
            return ofTokens;
        }
        boolean someLayers = attentionLayers.isPresent() || mlpLayers.isPresent() || outerLayers;
        return someLayers && chosen().equals(List.of(Unit.CHANNELS))
                ? Optional.of(
                        "channels run through every layer: leave out --keep-first, --keep-last, --attention-layers "
                                + "and --mlp-layers")
                : Optional.empty();
    }

    private Optional<String> complaintAboutWidths() {
        boolean byWidths = scope() == Scope.DIVERGENCE;
        if (goal.widths().isPresent() && !byWidths) {
            return Optional.of("--widths FILE is what --scope divergence chooses by: leave one of them out");
        }
        if (byWidths && (mode != Mode.BLOCK || !dependency)) {
            return Optional.of("--scope divergence narrows attentions and MLPs: leave out --mode and --dependency");
        }
        if ((byWidths || goal.target().isPresent()) && ratioOf.isPresent() && ratioOf.get() == RatioOf.UNITS) {
            return Optional.of("--ratio-of units goes with --scope local and global, and with a ratio");
        }
        return goal.complaint();
    }

    private Optional<String> complaintAboutTokens() {
        if (!cutsTokens()) {
            return tokens.given()
                    ? Optional.of("--token-texts and --token-uses are for --units tokens")
                    : Optional.empty();
        }
        if (!dependency || ratioOf.equals(Optional.of(RatioOf.UNITS))) {
            return Optional.of(
                    "--units tokens does not go with " + (dependency ? "--ratio-of units" : "--dependency off"));
        }
        if (tokensAlone() && (goal.target().isPresent() || scope() == Scope.DIVERGENCE)) {
            return Optional.of(
                    "tokens are chosen by their use: with --target or --scope divergence name other units, too");
        }
        return tokens.complaint();
    }

    /** What may go, wherever it lies. */
    Candidates anywhere(BlockCriterion blockCriterion) {
        return Unit.candidates(chosen(), blockCriterion);
    }

    /** Whether what goes can be made up for: the residual stream keeps its width. */
    boolean compensable() {
        return dependency && !chosen().contains(Unit.CHANNELS);
    }

    private List<Unit> chosen() {
        return units.orElse(mode.units);
    }

    /** Whether layers that stay lose something of their own. */
    private boolean cutsLayers() {
        return !List.of(Unit.LAYERS, Unit.CHANNELS, Unit.TOKENS).containsAll(chosen());
    }

    /**
     * For one model.
     *
     * @param blockCriterion how whole blocks are scored
     * @param compatible     whether LLM-Pruner's choices are wanted
     * @param standardised   whether scores of different groups compare as they are
     * @param steps          times that units are scored
     * @throws Failure if the model has not the layers that are named
     */
    Budget budget(
            ModelConfig config, BlockCriterion blockCriterion, boolean compatible, boolean standardised, int steps) {
        int layers = config.layers().size();
        boolean anyLayer = uniform && cutsLayers();
        boolean byWidths = scope() == Scope.DIVERGENCE;
        LayerRange usual = anyLayer || byWidths ? new LayerRange(0, layers - 1) : inner(layers);
        LayerRange inner = new LayerRange(
                keepFirst.orElse(usual.first()),
                keepLast.isPresent() ? layers - 1 - keepLast.getAsInt() : usual.last());
        Rounding rounding = rounding(compatible);
        RatioOf counted = ratioOf.orElse(compatible ? RatioOf.UNITS : RatioOf.PARAMETERS);
        Normalise divisor = normalise.orElse(compatible || standardised ? Normalise.NONE : Normalise.PARAMETERS);
        LayerRange attention = attentionLayers.orElse(inner);
        LayerRange mlp = mlpLayers.orElse(inner);
        requireInside("--attention-layers", attention, layers);
        requireInside("--mlp-layers", mlp, layers);
        boolean usualUnits = units.isEmpty() && mode == Mode.BLOCK && !compatible && counted == RatioOf.PARAMETERS;
        // What leaving a block out does is measured, too, so that its score does not matter.
        BlockCriterion ofBlocks = byWidths ? BlockCriterion.POSITION : blockCriterion;
        Candidates kinds = Unit.candidates(usualUnits ? usual(config, attention, mlp) : chosen(), ofBlocks);
        Candidates usually = new Candidates(kinds.roles(), kinds.blocks(), ofBlocks, attention, mlp, dependency);
        Budget budget = new Budget(
                new Budget.Amount(tokensAlone() && !ratioGiven ? 0 : ratio, counted == RatioOf.UNITS, rounding, steps),
                scope(),
                divisor,
                usually);
        return kept.isEmpty() && shares.isEmpty() ? budget : new NamedGroups(config).in(budget, kept, shares);
    }

    private List<Unit> usual(ModelConfig config, LayerRange attention, LayerRange mlp) {
        UsualUnits usual = new UsualUnits(config, attention, mlp);
        return scope() == Scope.DIVERGENCE || goal.target().isPresent() ? usual.all() : usual.of(ratio);
    }

    /** What widths that are left are multiples of. */
    Rounding rounding(boolean compatible) {
        Rounding wanted = tool.map(Tool::rounding).orElse(Rounding.usual());
        Rounding usual = compatible ? Rounding.exactly(1) : wanted;
        Rounding rounding = round.isPresent() ? Rounding.exactly(round.getAsInt()) : usual;
        return uniform ? rounding.withEqualLayers() : rounding;
    }

    /** The layers of which a part goes where nothing else is said: all but the outer ones. */
    static LayerRange inner(int layers) {
        return new LayerRange(Math.ceilDiv(layers, FIRST_LAYERS), layers - 1 - Math.ceilDiv(layers, LAST_LAYERS));
    }

    static void requireInside(String option, LayerRange range, int layers) {
        if (range.last() >= layers) {
            throw new Failure(
                    "the model has layers 0 to " + (layers - 1),
                    option + " " + range.first() + "-" + range.last(),
                    "name layers that it has");
        }
    }
}
