package org.espalier.model;

import java.util.ArrayList;
import java.util.List;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tape.Branch;

/** The configuration of what a selection leaves of a model. */
public final class PrunedConfig {

    private final ModelConfig config;
    private final Selection selection;

    private PrunedConfig(ModelConfig config, Selection selection) {
        this.config = config;
        this.selection = selection;
    }

    /** The sizes that are left. */
    public static ModelConfig of(ModelConfig config, Selection selection) {
        return new PrunedConfig(config, selection).resized();
    }

    /** What a parameter of the smaller model is called in the source, where layers that are gone still count. */
    public static String sourceName(ModelConfig config, Selection selection, String name, int layer) {
        if (layer < 0) {
            return name;
        }
        Architecture family = Architectures.of(config);
        return family.layerPrefix(selection.keptLayers()[layer])
                + name.substring(family.layerPrefix(layer).length());
    }

    private ModelConfig resized() {
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer : selection.keptLayers()) {
            layers.add(left(layer));
        }
        return config.resized(config.hidden() - gone(-1, Role.CHANNELS), layers);
    }

    private LayerConfig left(int layer) {
        LayerConfig old = config.layers().get(layer);
        int kvHeads = has(layer, Branch.Kind.ATTENTION) ? old.kvHeads() - gone(layer, Role.HEADS) : 0;
        int perHead = kvHeads == 0 ? 0 : old.heads() / old.kvHeads() - gone(layer, Role.QUERY_HEADS);
        int neurons = has(layer, Branch.Kind.MLP) ? old.intermediate() - gone(layer, Role.NEURONS) : 0;
        return new LayerConfig(kvHeads * perHead, kvHeads, neurons);
    }

    private boolean has(int layer, Branch.Kind kind) {
        return selection
                .structure()
                .branch(layer, kind)
                .filter(branch -> !selection.removed(branch))
                .isPresent();
    }

    /** Units of each set that are gone. */
    private int gone(int layer, Role role) {
        return selection
                .structure()
                .units(layer, role)
                .map((Units units) ->
                        selection.removed(units).get(0, units.perSet()).cardinality())
                .orElse(0);
    }
}
