package org.espalier.model;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.format.ExpertNames;
import org.espalier.model.ModelConfig.KeptLayer;
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
        int source = selection.keptLayers()[layer];
        String within = name.substring(family.layerPrefix(layer).length());
        return family.layerPrefix(source) + sourceExpert(config, selection, within, source);
    }

    /** The same part of a name with the number that its expert had, if it belongs to one. */
    private static String sourceExpert(ModelConfig config, Selection selection, String within, int layer) {
        Optional<Units> experts = selection.structure().units(layer, Role.EXPERTS);
        if (experts.isEmpty()) {
            return within;
        }
        ExpertNames names = Architectures.of(config).experts().orElseThrow();
        int[] staying = selection.staying(experts.get());
        for (int expert = 0; expert < staying.length; expert++) {
            String now = names.expert(expert);
            if (within.startsWith(now)) {
                return names.expert(staying[expert]) + within.substring(now.length());
            }
        }
        return within;
    }

    private ModelConfig resized() {
        List<KeptLayer> layers = new ArrayList<>();
        for (int layer : selection.keptLayers()) {
            layers.add(left(layer));
        }
        return config.left(config.vocab() - gone(-1, Role.TOKENS), config.hidden() - gone(-1, Role.CHANNELS), layers);
    }

    private KeptLayer left(int layer) {
        LayerConfig old = config.layers().get(layer);
        int kvHeads = has(layer, Branch.Kind.ATTENTION) ? old.kvHeads() - gone(layer, Role.HEADS) : 0;
        int perHead = kvHeads == 0 ? 0 : old.heads() / old.kvHeads() - gone(layer, Role.QUERY_HEADS);
        int neurons = has(layer, Branch.Kind.MLP) ? old.intermediate() - gone(layer, Role.NEURONS) : 0;
        int experts = old.experts() - gone(layer, Role.EXPERTS);
        LayerConfig sizes = new LayerConfig(kvHeads * perHead, kvHeads, neurons, experts);
        return new KeptLayer(layer, sizes, kvHeads == 0 ? List.of() : heads(layer, old));
    }

    /** Query heads that stay: every key/value head may have lost other ones. */
    private List<Integer> heads(int layer, LayerConfig old) {
        int perHead = old.heads() / old.kvHeads();
        BitSet keysGone = removed(layer, Role.HEADS);
        BitSet queriesGone = removed(layer, Role.QUERY_HEADS);
        boolean alike = selection
                .structure()
                .units(layer, Role.QUERY_HEADS)
                .filter(units -> units.sets() == 1)
                .isPresent();
        return IntStream.range(0, old.heads())
                .filter(head -> !keysGone.get(head / perHead) && !queriesGone.get(alike ? head % perHead : head))
                .boxed()
                .toList();
    }

    private BitSet removed(int layer, Role role) {
        return selection.structure().units(layer, role).map(selection::removed).orElseGet(BitSet::new);
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
