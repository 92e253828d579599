package org.espalier.prune;

import java.util.List;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.prune.Allocation.Normalise;
import org.espalier.prune.Allocation.Scope;
import org.espalier.tape.Branch;

/**
 * What may go, and how much.
 *
 * @param amount     how much
 * @param scope      whether groups compete
 * @param normalise  what scores are divided by where groups of different kinds compete
 * @param candidates what may go
 */
public record Budget(Amount amount, Scope scope, Normalise normalise, Candidates candidates) {

    /**
     * How much goes.
     *
     * @param ratio   share to remove
     * @param ofUnits whether the ratio counts units of each group, as LLM-Pruner does, instead of parameters
     * @param round   what a width that is left is a multiple of; 1 for any
     * @param steps   times that what is left is scored again, an equal share going each time
     */
    public record Amount(double ratio, boolean ofUnits, int round, int steps) {}

    /**
     * What may go.
     *
     * @param roles           kinds of units
     * @param blocks          whole blocks
     * @param blockCriterion  how those are scored
     * @param attentionLayers layers whose attention, or heads of it, may go
     * @param mlpLayers       layers whose MLP, or neurons of it, may go; layers that may go whole are in both
     * @param dependency      whether what depends on each other goes together; without, every matrix chooses by itself, which
     *                        ruins the model: an ablation
     */
    public record Candidates(
            List<Role> roles,
            List<BlockScores.Kind> blocks,
            BlockCriterion blockCriterion,
            IntPredicate attentionLayers,
            IntPredicate mlpLayers,
            boolean dependency) {

        public Candidates {
            roles = List.copyOf(roles);
            blocks = List.copyOf(blocks);
        }

        /** Everything of some kinds, in every layer. */
        public static Candidates anywhere(
                List<Role> roles, List<BlockScores.Kind> blocks, BlockCriterion blockCriterion) {
            return new Candidates(roles, blocks, blockCriterion, layer -> true, layer -> true, true);
        }

        /** Whether units are scored: those that may go, or those that blocks consist of. */
        public boolean scoresUnits() {
            return !roles.isEmpty() || !blocks.isEmpty() && blockCriterion == BlockCriterion.UNITS;
        }

        /** Whether the model has to see calibration data to score them, units by {@code criterion}. */
        public boolean needsCalibration(Criterion criterion) {
            return scoresUnits() && criterion.needsCalibration()
                    || !blocks.isEmpty() && blockCriterion.needsCalibration();
        }

        boolean allows(Units units) {
            Role role = units.group().role();
            return roles.contains(role)
                    && (role == Role.CHANNELS
                            || units.layer() >= 0 && layers(role).test(units.layer()));
        }

        boolean allows(BlockScores.Kind kind, int layer) {
            return kind.kinds().stream()
                    .allMatch(b -> (b == Branch.Kind.ATTENTION ? attentionLayers : mlpLayers).test(layer));
        }

        /** The same where layers are numbered as in what is left. */
        Candidates after(Selection gone) {
            int[] layers = gone.keptLayers();
            return new Candidates(
                    roles,
                    blocks,
                    blockCriterion,
                    layer -> attentionLayers.test(layers[layer]),
                    layer -> mlpLayers.test(layers[layer]),
                    dependency);
        }

        private IntPredicate layers(Role role) {
            return role == Role.NEURONS ? mlpLayers : attentionLayers;
        }
    }

    /** What the plan says of the way units went: {@code channel}, {@code layer} or {@code block}. */
    String mode() {
        if (candidates.roles.contains(Role.CHANNELS)) {
            return "channel";
        }
        return candidates.roles.isEmpty() && candidates.blocks.equals(List.of(BlockScores.Kind.LAYERS))
                ? "layer"
                : "block";
    }
}
