package org.espalier.model;

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
     * Sizes of a model.
     *
     * @param vocab        tokens known
     * @param hidden       channels of the residual stream
     * @param headDim      channels of a head
     * @param layers       sizes of each layer
     * @param maxPositions longest context
     */
    record Sizes(int vocab, int hidden, int headDim, List<LayerConfig> layers, int maxPositions) {

        public Sizes {
            layers = List.copyOf(layers);
        }

        /** The same with another number of channels and other layers. */
        public Sizes resized(int newHidden, List<LayerConfig> newLayers) {
            return new Sizes(vocab, newHidden, headDim, newLayers, maxPositions);
        }
    }

    /** Hugging Face class name, such as {@code LlamaForCausalLM}. */
    String architecture();

    /** Hugging Face model type, such as {@code llama}: it says which family the model is of. */
    String modelType();

    /** Its sizes. */
    Sizes sizes();

    /** Tokens known. */
    default int vocab() {
        return sizes().vocab();
    }

    /** Channels of the residual stream. */
    default int hidden() {
        return sizes().hidden();
    }

    /** Channels of a head. */
    default int headDim() {
        return sizes().headDim();
    }

    /** Sizes of each layer. */
    default List<LayerConfig> layers() {
        return sizes().layers();
    }

    /** Longest context. */
    default int maxPositions() {
        return sizes().maxPositions();
    }

    /** Whether the head is the embedding table. */
    boolean tied();

    /** The same model with other sizes. */
    ModelConfig resized(int hidden, List<LayerConfig> layers);
}
