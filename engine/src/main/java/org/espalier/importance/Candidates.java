package org.espalier.importance;

import java.util.List;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.tape.Branch;

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
    public static Candidates anywhere(List<Role> roles, List<BlockScores.Kind> blocks, BlockCriterion blockCriterion) {
        return new Candidates(roles, blocks, blockCriterion, layer -> true, layer -> true, true);
    }

    /** Whether nothing that has scores may go. */
    public boolean none() {
        return roles.isEmpty() && blocks.isEmpty();
    }

    /** Whether units are scored: those that may go, or those that blocks consist of. */
    public boolean scoresUnits() {
        return !roles.isEmpty() || !blocks.isEmpty() && blockCriterion == BlockCriterion.UNITS;
    }

    /** Whether the model has to see calibration data to score them, units by {@code criterion}. */
    public boolean needsCalibration(Criterion criterion) {
        return scoresUnits() && criterion.needsCalibration() || !blocks.isEmpty() && blockCriterion.needsCalibration();
    }

    /** Whether units of this group may go: of a role that is asked for, in a layer that may lose them. */
    public boolean allows(Units units) {
        Role role = units.group().role();
        return roles.contains(role)
                && (role == Role.CHANNELS || units.layer() >= 0 && layers(role).test(units.layer()));
    }

    /** Whether the layer may lose the whole block, with each of its branches. */
    public boolean allows(BlockScores.Kind kind, int layer) {
        return kind.kinds().stream()
                .allMatch(b -> (b == Branch.Kind.ATTENTION ? attentionLayers : mlpLayers).test(layer));
    }

    /** The same where layers are numbered as in what is left. */
    public Candidates after(Selection gone) {
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
        return role.inMlp() ? mlpLayers : attentionLayers;
    }
}
