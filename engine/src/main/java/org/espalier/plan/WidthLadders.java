package org.espalier.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.model.ModelConfig;
import org.espalier.tape.Branch;

/** The widths of all branches of a model that may be narrowed, and the choices among them that cost least. */
final class WidthLadders {

    /** Times that a choice is made again which, counted as a whole, falls short. */
    private static final int ATTEMPTS = 8;

    private final ModelConfig config;
    private final Budget budget;
    private final Goal goal;
    private final WidthPrices prices;
    private final Selection base;
    private final Ladders ladders;

    /** @param base what is gone already */
    WidthLadders(ModelConfig config, Budget budget, Goal goal, WidthPrices prices, Selection base) {
        this.config = config;
        this.budget = budget;
        this.goal = goal;
        this.prices = prices;
        this.base = base;
        this.ladders = new Ladders(goal, base);
    }

    /** With the ladders of everything that may go, but for groups that lose shares of their own. */
    WidthLadders of(Rankings rankings, ToIntFunction<Units> rounds) {
        List<UnitScores> free = rankings.units().stream()
                .filter(scored ->
                        !budget.shares().containsKey(scored.units().group().name()))
                .toList();
        List<RemovalOrder> orders = new ArrayList<>();
        for (UnitScores scored : free) {
            RemovalOrder order = RemovalOrder.of(scored, rounds.applyAsInt(scored.units()), base);
            orders.add(prices.priced(scored.units(), order));
        }
        if (budget.amount().rounding().uniform()) {
            new EqualLayers(config).of(orders).forEach(order -> ladders.add(order, null, 0));
            return this;
        }
        List<Branch> gone = gone(rankings);
        for (int i = 0; i < orders.size(); i++) {
            Optional<Branch> branch = remove(gone, free.get(i).units());
            ladders.add(
                    orders.get(i), branch.orElse(null), branch.map(prices::of).orElse(0.0));
        }
        gone.forEach(branch -> ladders.add(branch, prices.of(branch)));
        return this;
    }

    /** Branches that may go whole, as far as nothing of them is gone already. */
    private List<Branch> gone(Rankings rankings) {
        Structure structure = base.structure();
        List<Branch> gone = new ArrayList<>();
        for (BlockScores blocks : rankings.blocks()) {
            for (int layer : blocks.layers()) {
                gone.addAll(blocks.kind().branches(structure, layer));
            }
        }
        return gone;
    }

    private static Optional<Branch> remove(List<Branch> from, Units units) {
        Branch.Kind kind = units.group().role().inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
        Optional<Branch> found = from.stream()
                .filter(branch -> branch.layer() == units.layer() && branch.kind() == kind)
                .findFirst();
        found.ifPresent(from::remove);
        return found;
    }

    /**
     * What goes so that the goal is reached at the least cost.
     *
     * @throws org.espalier.error.Failure if there is not as much to go
     */
    Selection cheapest() {
        double most = ladders.already() + WidthChoice.most(ladders.all());
        double needed = goal.needed() - ladders.already();
        for (int attempt = 0; needed > 0; attempt++) {
            if (ladders.already() + needed > most || attempt == ATTEMPTS) {
                throw goal.unreachable(most);
            }
            Selection chosen = enter(WidthChoice.cheapest(ladders.all(), needed));
            double missing = goal.needed() - goal.saved(chosen);
            if (missing <= 0) {
                return chosen;
            }
            needed += missing;
        }
        return base.copy();
    }

    /** As {@link Planner#frontier}. */
    List<Selection> frontier(int most) {
        List<WidthChoice.Choice> front = new ArrayList<>(WidthChoice.front(ladders.all()));
        front.sort(Comparator.comparingDouble(WidthChoice.Choice::saved));
        int count = Math.min(most, front.size());
        double all = front.getLast().saved();
        return IntStream.range(0, count)
                .map(i -> nearest(front, count == 1 ? 0 : all * i / (count - 1)))
                .distinct()
                .mapToObj(i -> enter(front.get(i)))
                .toList();
    }

    private static int nearest(List<WidthChoice.Choice> front, double saved) {
        return IntStream.range(0, front.size())
                .boxed()
                .min(Comparator.comparingDouble(i -> Math.abs(front.get(i).saved() - saved)))
                .orElseThrow();
    }

    private Selection enter(WidthChoice.Choice choice) {
        Selection selection = base.copy();
        for (int ladder = 0; ladder < choice.levels().length; ladder++) {
            ladders.all()
                    .get(ladder)
                    .levels()
                    .get(choice.levels()[ladder])
                    .enter()
                    .accept(selection);
        }
        return selection;
    }
}
