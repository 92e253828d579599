package org.espalier.model;

import java.util.List;
import java.util.stream.IntStream;

/** What all families say of a model. Layers may differ in size. */
public interface ModelConfig {

    /**
     * Sizes of one layer.
     *
     * @param heads        query heads; 0 if the layer has no attention
     * @param kvHeads      key/value heads, of which {@code heads} is a multiple
     * @param intermediate neurons of the MLP, or of each expert; 0 if the layer has none
     * @param experts      among which the layer's MLP is shared; 0 if it is one of its own
     */
    record LayerConfig(int heads, int kvHeads, int intermediate, int experts) {

        public LayerConfig {
            experts = intermediate == 0 ? 0 : experts;
        }

        /** Without experts. */
        public LayerConfig(int heads, int kvHeads, int intermediate) {
            this(heads, kvHeads, intermediate, 0);
        }

        /** Neurons of all experts, or of the MLP. */
        public int neurons() {
            return intermediate * Math.max(1, experts);
        }
    }

    /**
     * What is left of one layer.
     *
     * @param number that it had, from 0
     * @param sizes  of what is left
     * @param heads  query heads that are left, in the numbers that they had, ascending
     */
    record KeptLayer(int number, LayerConfig sizes, List<Integer> heads) {

        public KeptLayer {
            heads = List.copyOf(heads);
        }

        /** A layer with another width of its MLP perhaps, or without its last heads. */
        static KeptLayer of(int number, LayerConfig sizes) {
            return new KeptLayer(
                    number, sizes, IntStream.range(0, sizes.heads()).boxed().toList());
        }
    }

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

        /** The same with other numbers of tokens and channels, and other layers. */
        public Sizes left(int newVocab, int newHidden, List<KeptLayer> kept) {
            return new Sizes(
                    newVocab,
                    newHidden,
                    headDim,
                    kept.stream().map(KeptLayer::sizes).toList(),
                    maxPositions);
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

    /** Whether the tokens of a prompt see those that follow them in it, so that it has to be read at once, and alone. */
    default boolean readsPromptsWhole() {
        return false;
    }

    /**
     * Tokens beyond which every position of a text is computed otherwise, so that what was kept of its beginning holds no
     * more; the largest number where that never happens.
     */
    default int switchesBeyond() {
        return Integer.MAX_VALUE;
    }

    /** The longest text of which what was kept of its beginning always holds. */
    default int steadyContext() {
        return Math.min(maxPositions(), switchesBeyond());
    }

    /** How a text that begins with these tokens is read, where prompts are read as a whole. */
    default Opening opening(int[] ids) {
        return Opening.NONE;
    }

    /** What pruning leaves of the model. */
    ModelConfig left(int vocab, int hidden, List<KeptLayer> layers);

    /** The same model of other tokens. */
    default ModelConfig withVocabulary(int vocab) {
        return left(
                vocab,
                hidden(),
                IntStream.range(0, layers().size())
                        .mapToObj(layer -> KeptLayer.of(layer, layers().get(layer)))
                        .toList());
    }

    /** The same model with other sizes of every layer, of which the last heads go first. */
    default ModelConfig resized(int hidden, List<LayerConfig> layers) {
        return left(
                vocab(),
                hidden,
                IntStream.range(0, layers.size())
                        .mapToObj(layer -> KeptLayer.of(layer, layers.get(layer)))
                        .toList());
    }
}
