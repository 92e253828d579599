package org.espalier.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.plan.Ladder.Level;

/**
 * Chooses a level of every ladder so that together they save what is needed and cost as little as can be: a knapsack of several
 * choices, by dynamic programming. Where savings are whole multiples of a number that is not too small, no choice is cheaper.
 * Elsewhere savings that nearly agree are held to be the same while the best are sought, and never counted as more than they are:
 * what is needed is saved in any case.
 */
final class WidthChoice {

    /** Different savings that are told apart at most. */
    private static final int MOST_STATES = 1 << 16;

    private static final int LEAST_STATES = 1 << 10;
    /** Combinations of a saving and a level that are looked at, about. */
    private static final long WORK = 1L << 31;

    /**
     * Levels of all ladders.
     *
     * @param levels of each ladder
     * @param saved  by all of them together
     * @param cost   of all of them together
     */
    record Choice(int[] levels, double saved, double cost) {}

    private final List<Ladder> ladders;
    private final double needed;
    private final int top;
    private final double unit;
    /** What was reached with the first ladders, by the whole units that it saves; the last entry holds what saves enough. */
    private double[] saved;

    private double[] cost;
    /** By ladder and state the level that led there, and the state that it led there from. */
    private final int[][] level;

    private final int[][] from;

    private WidthChoice(List<Ladder> ladders, double needed) {
        this.ladders = ladders;
        this.needed = needed;
        long levels =
                ladders.stream().mapToLong(ladder -> ladder.levels().size()).sum();
        long states = Math.clamp(WORK / Math.max(1, levels), LEAST_STATES, MOST_STATES);
        double common = common(ladders);
        this.unit = common > 0 && needed / common <= states ? common : needed / states;
        this.top = (int) Math.ceil(needed / unit);
        this.level = new int[ladders.size()][];
        this.from = new int[ladders.size()][];
    }

    /**
     * The cheapest levels that save at least so much; of equals those that save least.
     *
     * @param needed above 0
     * @throws IllegalArgumentException if all ladders together do not save as much
     */
    static Choice cheapest(List<Ladder> ladders, double needed) {
        WidthChoice choice = new WidthChoice(ladders, needed);
        choice.climb();
        if (choice.cost[choice.top] == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("the ladders do not save " + needed);
        }
        return choice.widened(choice.at(choice.top));
    }

    /** The cheapest choices for every saving from nothing to all: each saves more than the one before and costs more. */
    static List<Choice> front(List<Ladder> ladders) {
        WidthChoice choice = new WidthChoice(ladders, most(ladders));
        choice.climb();
        List<Choice> front = new ArrayList<>();
        double cheapest = Double.POSITIVE_INFINITY;
        for (int state = choice.top; state >= 0; state--) {
            if (choice.cost[state] < cheapest) {
                cheapest = choice.cost[state];
                front.add(choice.at(state));
            }
        }
        return front.reversed();
    }

    /** What all ladders save together at the most. */
    static double most(List<Ladder> ladders) {
        return ladders.stream()
                .mapToDouble(ladder ->
                        ladder.levels().stream().mapToDouble(Level::saved).max().orElse(0))
                .sum();
    }

    /** The largest number that all savings are whole multiples of; 0 if they are not whole themselves. */
    private static double common(List<Ladder> ladders) {
        long common = 0;
        for (Ladder ladder : ladders) {
            for (Level step : ladder.levels()) {
                if (step.saved() != Math.rint(step.saved()) || Math.abs(step.saved()) > 1L << 53) {
                    return 0;
                }
                common = gcd(Math.abs((long) step.saved()), common);
            }
        }
        return common;
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private void climb() {
        saved = new double[top + 1];
        cost = new double[top + 1];
        Arrays.fill(cost, Double.POSITIVE_INFINITY);
        cost[0] = 0;
        for (int ladder = 0; ladder < ladders.size(); ladder++) {
            climb(ladder);
        }
    }

    private void climb(int ladder) {
        double[] newSaved = new double[top + 1];
        double[] newCost = new double[top + 1];
        Arrays.fill(newCost, Double.POSITIVE_INFINITY);
        int[] levels = new int[top + 1];
        int[] states = new int[top + 1];
        List<Level> steps = ladders.get(ladder).levels();
        for (int l = 0; l < steps.size(); l++) {
            double more = steps.get(l).saved();
            double price = steps.get(l).cost();
            for (int state = 0; state <= top; state++) {
                if (cost[state] == Double.POSITIVE_INFINITY) {
                    continue;
                }
                double sum = saved[state] + more;
                double paid = cost[state] + price;
                int to = state(sum);
                if (paid < newCost[to] || paid == newCost[to] && better(to, sum, newSaved[to])) {
                    newCost[to] = paid;
                    newSaved[to] = sum;
                    levels[to] = l;
                    states[to] = state;
                }
            }
        }
        saved = newSaved;
        cost = newCost;
        level[ladder] = levels;
        from[ladder] = states;
    }

    /** Of what is enough less is nearer to what is needed; of what is not, more. */
    private boolean better(int state, double sum, double than) {
        return state == top ? sum < than : sum > than;
    }

    private int state(double sum) {
        return sum >= needed ? top : (int) Math.clamp(Math.floor(sum / unit), 0, top - 1);
    }

    private Choice at(int state) {
        int[] chosen = new int[ladders.size()];
        int at = state;
        for (int ladder = chosen.length - 1; ladder >= 0; ladder--) {
            chosen[ladder] = level[ladder][at];
            at = from[ladder][at];
        }
        return choice(chosen);
    }

    private Choice choice(int[] levels) {
        double sum = 0;
        double paid = 0;
        for (int ladder = 0; ladder < levels.length; ladder++) {
            Level step = ladders.get(ladder).levels().get(levels[ladder]);
            sum += step.saved();
            paid += step.cost();
        }
        return new Choice(levels, sum, paid);
    }

    /** Takes back what is not needed, which only there is where savings that nearly agree were held to be the same. */
    private Choice widened(Choice choice) {
        Choice best = choice;
        for (int ladder = 0; ladder < ladders.size(); ladder++) {
            while (best.levels[ladder] > 0) {
                int[] wider = best.levels.clone();
                wider[ladder]--;
                Choice other = choice(wider);
                if (other.saved < needed || other.cost > best.cost) {
                    break;
                }
                best = other;
            }
        }
        return best;
    }
}
