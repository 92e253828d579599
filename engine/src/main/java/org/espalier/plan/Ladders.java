package org.espalier.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.plan.Ladder.Level;
import org.espalier.plan.RemovalOrder.Removal;
import org.espalier.tape.Branch;

/**
 * Makes ladders of orders of removal: of each level what it costs and what it saves. What is saved is counted for some levels of
 * every ladder, of the same shape once, and lies evenly between them.
 */
final class Ladders {

    /** Levels of a ladder that are counted at most. */
    private static final int COUNTED = 64;

    /** Ladders of which the first and the last step save as much are of the same shape. */
    private record Shape(Role role, int levels, int width, double first, double last) {}

    private final Goal goal;
    private final Selection base;
    private final double already;
    private final Map<Shape, double[]> known = new HashMap<>();
    private final List<Ladder> ladders = new ArrayList<>();

    /** @param base what is gone already */
    Ladders(Goal goal, Selection base) {
        this.goal = goal;
        this.base = base;
        this.already = goal.saved(base);
    }

    /** What is gone already saves so much. */
    double already() {
        return already;
    }

    /** All ladders that were made, in order. */
    List<Ladder> all() {
        return ladders;
    }

    /**
     * Adds a ladder.
     *
     * @param order  whose scores are costs
     * @param branch that can be left out instead of narrowed any further, or null
     * @param price  of that
     */
    void add(RemovalOrder order, Branch branch, double price) {
        List<Removal> steps = order.removable();
        double[] saved = saved(order);
        List<Level> levels = new ArrayList<>();
        double cost = 0;
        levels.add(new Level(0, 0, selection -> {}));
        for (int step = 0; step < steps.size(); step++) {
            cost += steps.get(step).score();
            List<Removal> gone = steps.subList(0, step + 1);
            levels.add(new Level(
                    saved[step + 1],
                    cost,
                    selection -> gone.forEach(one -> one.enter().accept(selection))));
        }
        if (branch != null) {
            levels.add(whole(branch, price));
        }
        ladders.add(new Ladder(order.name(), levels));
    }

    /** Adds a branch that can only be left out. */
    void add(Branch branch, double price) {
        ladders.add(new Ladder(branch.name(), List.of(new Level(0, 0, selection -> {}), whole(branch, price))));
    }

    private Level whole(Branch branch, double price) {
        Consumer<Selection> enter = selection -> selection.remove(branch);
        return new Level(saved(enter), price, enter);
    }

    private double saved(Consumer<Selection> enter) {
        Selection selection = base.copy();
        enter.accept(selection);
        return goal.saved(selection) - already;
    }

    private double saved(List<Removal> steps) {
        return saved(selection -> steps.forEach(one -> one.enter().accept(selection)));
    }

    private double[] saved(RemovalOrder order) {
        List<Removal> steps = order.removable();
        if (steps.isEmpty()) {
            return new double[1];
        }
        Shape shape = new Shape(order.role(), steps.size(), order.units(), saved(steps.subList(0, 1)), saved(steps));
        return known.computeIfAbsent(shape, one -> counted(steps));
    }

    private double[] counted(List<Removal> steps) {
        double[] saved = new double[steps.size() + 1];
        int before = 0;
        int last = steps.size();
        for (int mark = 1; before < last; mark++) {
            int at = last <= COUNTED ? mark : (int) ((long) last * mark / COUNTED);
            saved[at] = saved(steps.subList(0, at));
            for (int between = before + 1; between < at; between++) {
                double part = (double) (between - before) / (at - before);
                saved[between] = saved[before] + part * (saved[at] - saved[before]);
            }
            before = at;
        }
        return saved;
    }
}
