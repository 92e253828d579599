package org.espalier.model;

import java.util.Optional;
import org.espalier.model.ModelConfig.LayerConfig;

/**
 * The class that comes with Hugging Face's transformers for a model's type, and whether it builds the model. It gives every
 * layer the same sizes, and refuses a configuration whose {@code per_layer_config} says otherwise (transformers 5.17).
 */
public final class StockClass {

    /** Where layers differ otherwise than in what the family's own keys say, as of layers with and without experts. */
    private static final String DIFFERING = "per_layer_config";

    private StockClass() {}

    /** What it is called. */
    public static String name(ModelConfig config) {
        return Architectures.of(config).modelTypes().get(config.modelType());
    }

    /** Why it does not open a model of this configuration, and what would help; empty if it does. */
    public static Optional<String> refusal(ModelConfig config) {
        LayerConfig first = config.layers().getFirst();
        if (Architectures.json(config).has(DIFFERING)) {
            return Optional.of("widths differ from layer to layer (--uniform makes them equal)");
        }
        if (first.heads() == 0 || first.intermediate() == 0) {
            return Optional.of("layers have no " + (first.heads() == 0 ? "attention" : "MLP"));
        }
        return Architectures.of(config).headsDivideChannels(config) && config.hidden() % first.heads() != 0
                ? Optional.of("%d channels are no multiple of %d heads".formatted(config.hidden(), first.heads()))
                : Architectures.of(config).stockRefusal(config);
    }
}
