package org.espalier.model.arch;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
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
 * @param variation    what relatives of LLaMA do otherwise
 */
public record LlamaConfig(
        String architecture,
        String modelType,
        Sizes sizes,
        double eps,
        RotaryConfig rotary,
        boolean tied,
        Biases biases,
        Variation variation)
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

    /**
     * Constant factors and bounds.
     *
     * @param embedding multiplies embeddings
     * @param residual  multiplies what a branch adds to the stream
     * @param scores    multiplies the scores of attention
     * @param logits    divides logits
     * @param scoreCap  what scores come near to at most; 0 for no such bound
     * @param logitCap  what logits come near to at most; 0 likewise
     */
    public record Multipliers(
            double embedding, double residual, double scores, double logits, double scoreCap, double logitCap) {

        /** Without bounds. */
        Multipliers(double embedding, double residual, double scores, double logits) {
            this(embedding, residual, scores, logits, 0, 0);
        }

        /** As in LLaMA. */
        public static Multipliers usual(int headDim) {
            return new Multipliers(1, 1, 1 / Math.sqrt(headDim), 1);
        }
    }

    /**
     * How the attention of a layer uses positions.
     *
     * @param rotary of its queries and keys; null if they are not rotated
     * @param window how many keys a query sees at most; 0 for all before it
     */
    public record Reach(RotaryConfig rotary, int window) {

        /** The same without rotation. */
        Reach unrotated() {
            return new Reach(null, window);
        }
    }

    /**
     * How experts are mixed.
     *
     * @param perToken   experts that each token is given to
     * @param normalised whether their factors sum up to 1
     */
    public record Mixture(int perToken, boolean normalised) {}

    /**
     * What relatives of LLaMA do otherwise.
     *
     * @param numbers by which they multiply
     * @param reach   how each layer's attention uses positions
     * @param mixture how experts are mixed in layers that have some; null if none has
     */
    public record Variation(Multipliers numbers, List<Reach> reach, Mixture mixture) {

        public Variation {
            reach = List.copyOf(reach);
        }
    }

    /** A model that multiplies as LLaMA does, and whose layers all rotate alike. */
    public LlamaConfig(
            String architecture,
            String modelType,
            Sizes sizes,
            double eps,
            RotaryConfig rotary,
            boolean tied,
            Biases biases) {
        this(
                architecture,
                modelType,
                sizes,
                eps,
                rotary,
                tied,
                biases,
                new Variation(
                        Multipliers.usual(sizes.headDim()),
                        Collections.nCopies(sizes.layers().size(), new Reach(rotary, 0)),
                        null));
    }

    /** By which it multiplies. */
    Multipliers numbers() {
        return variation.numbers();
    }

    /** How each layer's attention uses positions. */
    List<Reach> reach() {
        return variation.reach();
    }

    /** How experts are mixed in layers that have some; null if none has. */
    Mixture mixture() {
        return variation.mixture();
    }

    /** The same with a head that is not the embedding table. */
    LlamaConfig withOwnHead() {
        return new LlamaConfig(architecture, modelType, sizes, eps, rotary, false, biases, variation);
    }

    /** The same with another rotation where the configuration names one. */
    LlamaConfig with(RotaryConfig other) {
        return new LlamaConfig(architecture, modelType, sizes, eps, other, tied, biases, variation);
    }

    /** The same with other factors. */
    LlamaConfig with(Multipliers others) {
        return with(new Variation(others, reach(), mixture()));
    }

    /** The same with layers that use positions in these ways. */
    LlamaConfig with(List<Reach> others) {
        return with(new Variation(numbers(), others, mixture()));
    }

    /** The same with experts that are mixed so. */
    LlamaConfig with(Mixture other) {
        return with(new Variation(numbers(), reach(), other));
    }

    private LlamaConfig with(Variation other) {
        return new LlamaConfig(architecture, modelType, sizes, eps, rotary, tied, biases, other);
    }

    @Override
    public LlamaConfig left(int newVocab, int newHidden, List<KeptLayer> kept) {
        List<Reach> left =
                kept.stream().map(layer -> reach().get(layer.number())).toList();
        return new LlamaConfig(
                architecture,
                modelType,
                sizes.left(newVocab, newHidden, kept),
                eps,
                rotary,
                tied,
                biases,
                new Variation(numbers(), left, mixture()));
    }

    @Override
    public int switchesBeyond() {
        return rotations().stream()
                .flatMapToInt(rotation -> rotation.switchesBeyond().stream())
                .min()
                .orElse(Integer.MAX_VALUE);
    }

    /** Whether the attention of some layer sees no further back than a window. */
    boolean windowed() {
        return reach().stream().anyMatch(layer -> layer.window() > 0);
    }

    /** The longest context of which every layer sees all. */
    int contextOfEveryLayer() {
        return reach().stream()
                .mapToInt(Reach::window)
                .filter(window -> window > 0)
                .reduce(maxPositions(), Math::min);
    }

    /** The rotations of its layers, each once. */
    List<RotaryConfig> rotations() {
        return reach().stream()
                .map(Reach::rotary)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
    }
}
