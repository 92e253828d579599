package org.espalier.plan;

import java.util.List;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;

/** From scores to what goes, and to the plan that says so. */
public final class Planner {

    private final ModelConfig config;
    private final Structure structure;
    private final Budget budget;
    private final RoundWidths widths;

    /** Plans for a model whose structure is found by recording it: shapes only, no weights. */
    public Planner(ModelConfig config, Budget budget) {
        this(config, Structure.of(new Transformer(config).shape()), budget);
    }

    /** Of a model whose structure is known. */
    public Planner(ModelConfig config, Structure structure, Budget budget) {
        this.config = config;
        this.structure = structure;
        this.budget = budget;
        this.widths = new RoundWidths(config, budget.amount().rounding());
    }

    /**
     * Plans from scores that were written.
     *
     * @param where the file, for messages
     * @throws Failure if the file is of another model, nothing may go, or not as much as asked for
     */
    public Plan plan(ScoresFile file, String where) {
        Rankings rankings = file.rankings(structure, budget.candidates(), where);
        return plan(select(rankings, new Selection(structure), 1), file);
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
        Rounding rounding = amount.rounding();
        List<RemovalOrder> orders = RemovalOrder.of(rankings, widths::multiple, gone);
        boolean nearest = rounding.uniform() || !rounding.anyWidth();
        List<RemovalOrder> others = orders.stream()
                .filter(order -> !budget.shares().containsKey(order.name()))
                .toList();
        Allocation allocation = new Allocation(
                rounding.uniform() ? new EqualLayers(config).of(others) : others,
                withShares(orders, gone, share, nearest),
                nearest);
        double ratio = amount.ratio() * share;
        Selection selection = amount.ofUnits()
                ? allocation.units(ratio, budget.scope(), budget.normalise())
                : allocation.parameters(ratio, budget.scope(), budget.normalise());
        if (share == 1 && selection.isEmpty() && amount.ratio() > 0) {
            throw new Failure(
                    "ratio " + amount.ratio() + " rounds to no unit in any group",
                    "ratio of units",
                    "use a larger ratio, or count parameters");
        }
        return selection;
    }

    /** What is gone, with the shares that groups lose whatever others do. */
    private Selection withShares(List<RemovalOrder> orders, Selection gone, double share, boolean nearest) {
        Selection selection = gone;
        for (RemovalOrder order : orders) {
            Double own = budget.shares().get(order.name());
            if (own != null) {
                selection = new Allocation(List.of(order), selection, nearest)
                        .units(own * share, Allocation.Scope.LOCAL, budget.normalise());
            }
        }
        return selection;
    }

    /** The plan of what goes by these scores. */
    public Plan plan(Selection selection, ScoresFile scores) {
        PlanSelection translation = new PlanSelection(config, structure, "plan");
        Rounding rounding = budget.amount().rounding();
        return new Plan(
                Plan.FORMAT_VERSION,
                scores.source(),
                new Plan.Choice(
                        scores.criterion(),
                        scores.aggregate(),
                        budget.mode(),
                        ScoresFile.name(budget.scope()),
                        budget.amount().ratio(),
                        rounding.anyWidth() && !rounding.uniform() ? null : rounding.multiple(),
                        rounding.uniform() ? true : null),
                new Plan.Parameters(scores.source().parameters(), selection.parametersAfter()),
                scores.calibration(),
                scores.seed(),
                new Plan.Kept(
                        translation.kept(selection),
                        translation.keptChannels(selection),
                        translation.groups(selection, rounding.anyWidth() ? units -> null : widths::multiple)),
                null,
                translation.keptAlone(selection));
    }
}
