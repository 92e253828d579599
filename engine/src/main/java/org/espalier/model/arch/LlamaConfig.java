package org.espalier.model.arch;

import java.util.List;
import org.espalier.model.Architecture;
import org.espalier.model.ModelConfig;
import org.espalier.model.RotaryConfig;

/**
 * The shape of a LLaMA-like model.
 *
 * @param family        that records it
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
public record LlamaConfig(
        Architecture family,
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
        boolean mlpBias)
        implements ModelConfig {

    public LlamaConfig {
        layers = List.copyOf(layers);
    }

    @Override
    public LlamaConfig resized(int newHidden, List<LayerConfig> newLayers) {
        return new LlamaConfig(
                family,
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
}
