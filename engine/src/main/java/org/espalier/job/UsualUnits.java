package org.espalier.job;

import java.util.List;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;

/**
 * Which units go where nobody says it. Attention has few, each of which carries much: it is spared while half of the neurons
 * are enough, and then loses query heads, which are finer than key/value heads, as long as they go far enough.
 */
final class UsualUnits {

    /** The part of the neurons that is taken before anything else. */
    private static final double NEURONS = 0.5;
    /** The part of the neurons and query heads that could go which is taken before key/value heads. */
    private static final double FINE = 0.9;

    private final Structure structure;
    private final IntPredicate attentionLayers;
    private final IntPredicate mlpLayers;

    /** Of a model, layers of which may lose parts of their attention or their MLP. */
    UsualUnits(ModelConfig config, IntPredicate attentionLayers, IntPredicate mlpLayers) {
        this.structure = Structure.of(new Transformer(config).shape());
        this.attentionLayers = attentionLayers;
        this.mlpLayers = mlpLayers;
    }

    /** The units for this share of all parameters. */
    List<Unit> of(double ratio) {
        double wanted = ratio * structure.tape().parameterCount();
        long neurons = removable(Role.NEURONS, mlpLayers);
        if (wanted <= NEURONS * neurons) {
            return List.of(Unit.NEURONS);
        }
        long queries = removable(Role.QUERY_HEADS, attentionLayers);
        boolean fine = queries > 0 && wanted <= FINE * (neurons + queries);
        return List.of(fine ? Unit.QUERY_HEADS : Unit.KV_HEADS, Unit.NEURONS);
    }

    /** The units that compete where what each does was measured, or where something other than parameters counts. */
    List<Unit> all() {
        return List.of(
                removable(Role.QUERY_HEADS, attentionLayers) > 0 ? Unit.QUERY_HEADS : Unit.KV_HEADS, Unit.NEURONS);
    }

    /** Parameters that go with all units but one of every set. */
    private long removable(Role role, IntPredicate layers) {
        return structure.units().stream()
                .filter(u -> u.group().role() == role && layers.test(u.layer()))
                .mapToLong(UsualUnits::removable)
                .sum();
    }

    private static long removable(Units units) {
        return (units.perSet() - 1) * units.group().parametersPerUnit();
    }
}
