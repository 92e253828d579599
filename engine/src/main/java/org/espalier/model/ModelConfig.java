package org.espalier.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** What all families say of a model. Layers may differ in size. */
public interface ModelConfig {

    /**
     * Sizes of one layer.
     *
     * @param heads        query heads; 0 if the layer has no attention
     * @param kvHeads      key/value heads, of which {@code heads} is a multiple
     * @param intermediate neurons of the MLP; 0 if the layer has none
     */
    record LayerConfig(int heads, int kvHeads, int intermediate) {}

    /**
     * Sizes of a model that is yet to be trained.
     *
     * @param vocab        tokens known
     * @param hidden       channels of the residual stream
     * @param headDim      channels of a head
     * @param layers       sizes of each layer
     * @param maxPositions longest context
     */
    record Sizes(int vocab, int hidden, int headDim, List<LayerConfig> layers, int maxPositions) {}

    /** The family, which knows all the rest. */
    Architecture family();

    /** Hugging Face class name, such as {@code LlamaForCausalLM}. */
    String architecture();

    /** Hugging Face model type, such as {@code llama}. */
    String modelType();

    /** Tokens known. */
    int vocab();

    /** Channels of the residual stream. */
    int hidden();

    /** Channels of a head. */
    int headDim();

    /** Sizes of each layer. */
    List<LayerConfig> layers();

    /** Longest context. */
    int maxPositions();

    /** Whether the head is the embedding table. */
    boolean tied();

    /** The same model with other sizes. */
    ModelConfig resized(int hidden, List<LayerConfig> layers);

    /** The whole configuration as a Hugging Face {@code config.json}. */
    default ObjectNode json() {
        return family().write(this);
    }
}
