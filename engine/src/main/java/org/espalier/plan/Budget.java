package org.espalier.plan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.couple.Group.Role;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;

/**
 * What may go, and how much.
 *
 * @param amount     how much
 * @param scope      whether groups compete
 * @param normalise  what scores are divided by where groups of different kinds compete
 * @param candidates what may go
 * @param shares     of its units that a group loses whatever others lose, by its name
 * @param goal       what must be reached in place of the amount's ratio, if anything is
 */
public record Budget(
        Amount amount,
        Scope scope,
        Normalise normalise,
        Candidates candidates,
        Map<String, Double> shares,
        Optional<Goal> goal) {

    public Budget {
        shares = Map.copyOf(shares);
    }

    /** A ratio, and no group loses a share of its own. */
    public Budget(Amount amount, Scope scope, Normalise normalise, Candidates candidates) {
        this(amount, scope, normalise, candidates, Map.of(), Optional.empty());
    }

    /** The same where some units may go and some groups lose shares of their own. */
    public Budget with(Candidates others, Map<String, Double> ownShares) {
        return new Budget(amount, scope, normalise, others, ownShares, goal);
    }

    /** The same with something that must be reached in place of the ratio. */
    public Budget reaching(Optional<Goal> wanted) {
        return new Budget(amount, scope, normalise, candidates, shares, wanted);
    }

    /**
     * How much goes.
     *
     * @param ratio    share to remove
     * @param ofUnits  whether the ratio counts units of each group, as LLM-Pruner does, instead of parameters
     * @param rounding what widths that are left are multiples of
     * @param steps    times that what is left is scored again, an equal share going each time
     */
    public record Amount(double ratio, boolean ofUnits, Rounding rounding, int steps) {

        /** Widths are multiples of exactly {@code round}; 1 for any. */
        public Amount(double ratio, boolean ofUnits, int round, int steps) {
            this(ratio, ofUnits, Rounding.exactly(round), steps);
        }
    }

    /** What the plan says of the way units went: {@code channel}, {@code layer} or {@code block}. */
    public String mode() {
        if (candidates.roles().contains(Role.CHANNELS)) {
            return "channel";
        }
        return candidates.roles().isEmpty() && candidates.blocks().equals(List.of(BlockScores.Kind.LAYERS))
                ? "layer"
                : "block";
    }
}
