package org.espalier.plan;

import java.util.List;
import java.util.Map;
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
 */
public record Budget(
        Amount amount, Scope scope, Normalise normalise, Candidates candidates, Map<String, Double> shares) {

    public Budget {
        shares = Map.copyOf(shares);
    }

    /** No group loses a share of its own. */
    public Budget(Amount amount, Scope scope, Normalise normalise, Candidates candidates) {
        this(amount, scope, normalise, candidates, Map.of());
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
