package org.espalier.model;

import java.util.List;

/**
 * The shape of a LLaMA-family model. Layers may differ in size.
 *
 * @param architecture  Hugging Face class name, such as {@code LlamaForCausalLM}
 * @param modelType     Hugging Face model type, such as {@code llama}
 * @param vocab         tokens known
 * @param hidden        channels of the residual stream
 * @param headDim       channels of a head
 * @param layers        sizes of each layer
 * @param eps           added to the mean square in normalisations
 * @param rotary        position embedding
 * @param maxPositions  longest context
 * @param tied          whether the head is the embedding table
 * @param attentionBias whether query, key and value projections have biases
 * @param outputBias    whether the attention's output projection has one
 * @param mlpBias       whether gate, up and down projections have biases
 */
public record ModelConfig(
        String architecture,
        String modelType,
        int vocab,
        int hidden,
        int headDim,
        List<LayerConfig> layers,
        double eps,
        RotaryConfig rotary,
        int maxPositions,
        boolean tied,
        boolean attentionBias,
        boolean outputBias,
        boolean mlpBias) {

    /**
     * Sizes of one layer.
     *
     * @param heads        query heads; 0 if the layer has no attention
     * @param kvHeads      key/value heads, of which {@code heads} is a multiple
     * @param intermediate neurons of the MLP; 0 if the layer has none
     */
    public record LayerConfig(int heads, int kvHeads, int intermediate) {}

    public ModelConfig {
        layers = List.copyOf(layers);
    }

    /** The same model with other sizes. */
    public ModelConfig resized(int newHidden, List<LayerConfig> newLayers) {
        return new ModelConfig(
                architecture,
                modelType,
                vocab,
                newHidden,
                headDim,
                newLayers,
                eps,
                rotary,
                maxPositions,
                tied,
                attentionBias,
                outputBias,
                mlpBias);
    }

    /** The same model with a bias in every projection, in a family whose configuration can say so. */
    public ModelConfig withEveryBias() {
        return new ModelConfig(
                "LlamaForCausalLM",
                "llama",
                vocab,
                hidden,
                headDim,
                layers,
                eps,
                rotary,
                maxPositions,
                tied,
                true,
                true,
                true);
    }
}
