package org.espalier.plan;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.error.Failure;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.plan.RemovalOrder.Removal;

/**
 * Makes what goes of all layers go at once: a removal takes equally many units of a kind from every layer, from each those
 * that it needs least.
 */
final class EqualLayers {

    private final ModelConfig config;
    private final LayerConfig layer;

    /**
     * @param config of a model
     * @throws Failure if its layers differ already
     */
    EqualLayers(ModelConfig config) {
        this.config = config;
        this.layer = config.layers().getFirst();
        if (config.layers().stream().anyMatch(other -> !other.equals(layer))) {
            throw unequal("the layers of the model differ in width already");
        }
    }

    /**
     * The orders of all layers as one order of each kind of units. Whole layers and channels stay as they are.
     *
     * @throws Failure if a layer is to stay whole
     */
    List<RemovalOrder> of(List<RemovalOrder> orders) {
        Map<Role, List<RemovalOrder>> byRole = new EnumMap<>(Role.class);
        List<RemovalOrder> all = new ArrayList<>();
        for (RemovalOrder order : orders) {
            if (order.role() == null || order.role() == Role.CHANNELS) {
                all.add(order);
            } else {
                byRole.computeIfAbsent(order.role(), role -> new ArrayList<>()).add(order);
            }
        }
        boolean channels = all.stream().anyMatch(order -> order.role() == Role.CHANNELS);
        byRole.forEach((role, ofLayers) -> all.add(together(role, ofLayers, channels)));
        return all;
    }

    private RemovalOrder together(Role role, List<RemovalOrder> ofLayers, boolean channels) {
        if (ofLayers.size() != config.layers().size()) {
            throw unequal("%d of %d layers may lose %s"
                    .formatted(
                            ofLayers.size(),
                            config.layers().size(),
                            ofLayers.getFirst().name()));
        }
        RemovalOrder first = ofLayers.getFirst();
        IntPredicate fits = fits(role, channels);
        List<Removal> removals = new ArrayList<>();
        int left = first.units();
        int start = 0;
        for (int end = 1; end <= first.all().size(); end++) {
            left -= first.all().get(end - 1).units();
            if (left == 0 || fits.test(left)) {
                removals.add(together(ofLayers, start, end));
                start = end;
            }
        }
        return new RemovalOrder("%s of all layers".formatted(role), role, first.width(), removals);
    }

    /** Removals from one place in the orders of all layers to another. */
    private static Removal together(List<RemovalOrder> ofLayers, int start, int end) {
        int units = 0;
        double score = 0;
        long parameters = 0;
        List<Consumer<Selection>> entered = new ArrayList<>();
        for (RemovalOrder order : ofLayers) {
            units = 0;
            for (Removal removal : order.all().subList(start, end)) {
                units += removal.units();
                score += removal.score();
                parameters += removal.parameters();
                entered.add(removal.enter());
            }
        }
        return new Removal(units, score, parameters, selection -> entered.forEach(enter -> enter.accept(selection)));
    }

    /**
     * Numbers of units of a set that may be left. Where the stock class wants channels to be a multiple of the heads, the
     * heads that are left must divide them.
     */
    private IntPredicate fits(Role role, boolean channels) {
        int each = switch (role) {
            case HEADS -> layer.heads() / layer.kvHeads();
            case QUERY_HEADS -> layer.kvHeads();
            default -> 0;
        };
        boolean divides = each > 0 && Architectures.of(config).headsDivideChannels(config);
        // Channels that go as well leave a multiple of the heads that there were.
        int divided = channels ? layer.heads() : config.hidden();
        return left -> !divides || divided % (left * each) == 0;
    }

    private static Failure unequal(String why) {
        return new Failure(
                why, "--uniform", "leave out --uniform, or take a model all of whose layers may lose as much");
    }
}
