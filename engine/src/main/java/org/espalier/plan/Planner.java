package org.espalier.plan;

import java.util.List;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Scope;

/** From scores to what goes, and to the plan that says so. */
public final class Planner {

    private final ModelConfig config;
    private final Structure structure;
    private final Budget budget;
    private final RoundWidths widths;
    private final WidthTable table;

    /** Plans for a model whose structure is found by recording it: shapes only, no weights. */
    public Planner(ModelConfig config, Budget budget) {
        this(config, Structure.of(new Transformer(config).shape()), budget);
    }

    /** The same with the table of widths that {@link Scope#DIVERGENCE} chooses by. */
    public Planner with(WidthTable widthTable) {
        return new Planner(config, structure, budget, widthTable);
    }

    /** Of a model whose structure is known. */
    public Planner(ModelConfig config, Structure structure, Budget budget) {
        this(config, structure, budget, null);
    }

    private Planner(ModelConfig config, Structure structure, Budget budget, WidthTable table) {
        this.table = table;
        this.config = config;
        this.structure = structure;
        this.budget = budget;
        this.widths = new RoundWidths(config, budget.amount().rounding());
    }

    /**
     * Plans from scores that were written.
     *
     * @param where the file, for messages
     * @param gone  what goes whatever they say
     * @throws Failure if the file is of another model, nothing may go, or not as much as asked for
     */
    public Plan plan(ScoresFile file, String where, Selection gone) {
        if (budget.candidates().none()) {
            return plan(gone, file);
        }
        Rankings rankings = file.rankings(structure, budget.candidates(), where);
        return plan(select(rankings, gone, 1), file);
    }

    /** As above, where nothing else goes. */
    public Plan plan(ScoresFile file, String where) {
        return plan(file, where, new Selection(structure));
    }

    /**
     * Chooses what goes.
     *
     * @param gone  what is removed already, which stays so
     * @param share of the ratio that is to be gone afterwards
     * @throws Failure if there is not as much as asked for, or it rounds to nothing
     */
    public Selection select(Rankings rankings, Selection gone, double share) {
        Budget.Amount amount = budget.amount();
        if (budget.scope() == Scope.DIVERGENCE) {
            return byWidths(rankings, gone);
        }
        boolean uniform = amount.rounding().uniform();
        List<RemovalOrder> orders = RemovalOrder.of(rankings, widths::multiple, gone);
        boolean nearest = nearest();
        List<RemovalOrder> others = orders.stream()
                .filter(order -> !budget.shares().containsKey(order.name()))
                .toList();
        Allocation allocation = new Allocation(
                uniform ? new EqualLayers(config).of(others) : others,
                withShares(orders, gone, share, nearest),
                nearest);
        Selection selection = amount.ofUnits()
                ? allocation.units(amount.ratio() * share, budget.scope(), budget.normalise())
                : allocation.reach(goal(share), budget.scope(), budget.normalise());
        if (share == 1
                && selection.isEmpty()
                && amount.ratio() > 0
                && budget.goal().isEmpty()) {
            throw new Failure(
                    "ratio " + amount.ratio() + " rounds to no unit in any group",
                    "ratio of units",
                    "use a larger ratio, or count parameters");
        }
        return selection;
    }

    /** A ratio is met as near as can be where widths are coarse; what must be reached is reached. */
    private boolean nearest() {
        Rounding rounding = budget.amount().rounding();
        return budget.goal().isEmpty() && (rounding.uniform() || !rounding.anyWidth());
    }

    private Goal goal(double share) {
        return budget.goal()
                .map(goal -> goal.share(share))
                .orElseGet(() ->
                        Goal.ratio(new Selection(structure), budget.amount().ratio() * share));
    }

    private Selection byWidths(Rankings rankings, Selection gone) {
        return widthLadders(rankings, gone).cheapest();
    }

    /** Everything that may be narrowed, with what that costs by the table of widths. */
    private WidthLadders widthLadders(Rankings rankings, Selection gone) {
        WidthProbe.require(budget.candidates());
        WidthPrices prices = new WidthPrices(structure, table, rankings);
        List<RemovalOrder> orders = RemovalOrder.of(rankings, widths::multiple, gone);
        return new WidthLadders(config, budget, goal(1), prices, withShares(orders, gone, 1, nearest()))
                .of(rankings, widths::multiple);
    }

    /**
     * The cheapest plans from nothing gone to all that may go, none of which another one beats in both: what each keeps small is
     * the budget's goal, and what it costs is the divergence that the table of widths foretells.
     *
     * @param most plans at most, evenly over what they save
     * @param gone what goes in all of them
     */
    public List<Plan> frontier(ScoresFile file, int most, String where, Selection gone) {
        Rankings rankings = file.rankings(structure, budget.candidates(), where);
        return widthLadders(rankings, gone).frontier(most).stream()
                .map(selection -> plan(selection, file))
                .toList();
    }

    /** What is gone, with the shares that groups lose whatever others do. */
    private Selection withShares(List<RemovalOrder> orders, Selection gone, double share, boolean nearest) {
        Selection selection = gone;
        for (RemovalOrder order : orders) {
            Double own = budget.shares().get(order.name());
            if (own != null) {
                selection = new Allocation(List.of(order), selection, nearest)
                        .units(own * share, Scope.LOCAL, budget.normalise());
            }
        }
        return selection;
    }

    /** The plan of what goes by these scores. */
    public Plan plan(Selection selection, ScoresFile scores) {
        PlanSelection translation = new PlanSelection(config, structure, "plan");
        Rounding rounding = budget.amount().rounding();
        Plan.Parameters parameters = new Plan.Parameters(scores.source().parameters(), selection.parametersAfter());
        return new Plan(
                Plan.FORMAT_VERSION,
                scores.source(),
                new Choice(
                        scores.criterion(),
                        scores.aggregate(),
                        budget.mode(),
                        ScoresFile.name(budget.scope()),
                        budget.goal().isPresent()
                                ? parameters.removed()
                                : budget.amount().ratio(),
                        rounding.anyWidth() && !rounding.uniform() ? null : rounding.multiple(),
                        rounding.uniform() ? true : null,
                        budget.goal().map(goal -> reached(goal, selection)).orElse(null),
                        widths(selection, scores)),
                parameters,
                scores.calibration(),
                scores.seed(),
                new Plan.Kept(
                        translation.kept(selection),
                        translation.keptChannels(selection),
                        translation.groups(selection, rounding.anyWidth() ? units -> null : widths::multiple)),
                null,
                translation.keptAlone(selection));
    }

    private Choice.ByWidths widths(Selection selection, ScoresFile scores) {
        if (table == null) {
            return null;
        }
        Rankings rankings = scores.rankings(structure, budget.candidates(), "scores");
        return new Choice.ByWidths(PlanFile.sha256(table), new WidthPrices(structure, table, rankings).of(selection));
    }

    private static Choice.Reached reached(Goal goal, Selection selection) {
        return new Choice.Reached(
                goal.quantity().toString(),
                goal.asked(),
                goal.before(),
                goal.most(),
                goal.count().applyAsDouble(selection),
                goal.sha256());
    }
}
