package org.espalier.model.arch;

import java.util.List;
import org.espalier.model.ModelConfig;
import org.espalier.model.RotaryConfig;

/**
 * The shape of a LLaMA-like model.
 *
 * @param architecture Hugging Face class name, such as {@code LlamaForCausalLM}
 * @param modelType    Hugging Face model type, such as {@code llama}
 * @param sizes        of everything
 * @param eps          added to the mean square in normalisations
 * @param rotary       position embedding
 * @param tied         whether the head is the embedding table
 * @param biases       which projections have some
 */
public record LlamaConfig(
        String architecture,
        String modelType,
        Sizes sizes,
        double eps,
        RotaryConfig rotary,
        boolean tied,
        Biases biases)
        implements ModelConfig {

    /**
     * Which projections have biases.
     *
     * @param attention query, key and value projections
     * @param output    the attention's output projection
     * @param mlp       gate, up and down projections
     */
    public record Biases(boolean attention, boolean output, boolean mlp) {

        /** In no projection, as in LLaMA. */
        public static final Biases NONE = new Biases(false, false, false);
        /** In every projection. */
        public static final Biases ALL = new Biases(true, true, true);
    }

    /** The same with a head that is not the embedding table. */
    LlamaConfig withOwnHead() {
        return new LlamaConfig(architecture, modelType, sizes, eps, rotary, false, biases);
    }

    @Override
    public LlamaConfig resized(int newHidden, List<LayerConfig> newLayers) {
        return new LlamaConfig(architecture, modelType, sizes.resized(newHidden, newLayers), eps, rotary, tied, biases);
    }
}
