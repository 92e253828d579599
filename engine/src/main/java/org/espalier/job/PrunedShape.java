package org.espalier.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;

/**
 * The sizes that LLM-Pruner's block mode leaves of a model, which follow from its configuration alone: of each layer in a range
 * the same share of heads, rounded down to whole ones, or to whole groups of them that share a key/value head, and of neurons,
 * rounded up.
 *
 * @param ratio     share that goes, from 0 to below 1
 * @param attention layers that lose heads; as usual with a plan if there is none
 * @param mlp       layers that lose neurons; as usual with a plan if there is none
 */
public record PrunedShape(double ratio, Optional<LayerRange> attention, Optional<LayerRange> mlp) {

    public PrunedShape {
        Settings.within(0, Math.nextDown(1.0), "ratio", ratio);
    }

    /**
     * What is left of a model.
     *
     * @throws org.espalier.error.Failure if the model has not all the layers
     */
    ModelConfig of(ModelConfig config) {
        int count = config.layers().size();
        LayerRange heads = attention.orElse(BudgetSettings.inner(count));
        LayerRange neurons = mlp.orElse(BudgetSettings.inner(count));
        BudgetSettings.requireInside("--attention-layers", heads, count);
        BudgetSettings.requireInside("--mlp-layers", neurons, count);
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 0; layer < count; layer++) {
            LayerConfig old = config.layers().get(layer);
            int kvHeads = heads.test(layer) ? kvHeads(old, config.headDim()) : old.kvHeads();
            int perHead = old.kvHeads() == 0 ? 0 : old.heads() / old.kvHeads();
            int width = neurons.test(layer) ? left(old.intermediate()) : old.intermediate();
            layers.add(new LayerConfig(kvHeads * perHead, kvHeads, width, old.experts()));
        }
        return config.resized(config.hidden(), layers);
    }

    private int kvHeads(LayerConfig layer, int headDim) {
        int width = layer.kvHeads() * headDim;
        return layer.kvHeads() - (width - left(width)) / headDim;
    }

    /** In the same floating point as there. */
    private int left(int width) {
        return (int) (width * (1 - ratio));
    }
}
