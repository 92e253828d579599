package org.espalier.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.format.ExpertNames;
import org.espalier.format.StoredTensor;

/**
 * A family of models: how its configuration is read and written, how its forward pass is recorded, and what its parameters
 * are called. Each family is one class in {@code model.arch}, found by {@link Architectures}; nothing else knows it.
 */
public interface Architecture {

    /** The {@code model_type}s of configurations that are of this family, each with the name of its Hugging Face class. */
    Map<String, String> modelTypes();

    /**
     * Reads a configuration of one of the model types.
     *
     * @throws org.espalier.error.Failure if a size is missing or impossible, or if it asks for what would be computed wrongly
     */
    ModelConfig read(ConfigReader json);

    /** Sizes that configurations leave out because the stock class takes them then, by their keys. */
    default Map<String, Integer> unsaid() {
        return Map.of();
    }

    /** A whole configuration, from which {@link #read} reads the same model. */
    ObjectNode write(ModelConfig config);

    /** Sets the sizes that pruning changes, leaving everything else of an existing configuration as it is. */
    void resize(ObjectNode json, ModelConfig config);

    /**
     * The same model with a bias in every projection that ends a branch, if a configuration can say so. It may be one of
     * another family that computes the same.
     */
    default Optional<ModelConfig> withBranchBiases(ModelConfig config) {
        return Optional.empty();
    }

    /** Changes an existing configuration into that of a model with {@link #withBranchBiases}. */
    default void addBranchBiases(ObjectNode json, ModelConfig config) {
        throw new UnsupportedOperationException(config.modelType() + " has no such biases");
    }

    /** Whether the stock class takes only models whose channels are a multiple of their heads. */
    default boolean headsDivideChannels(ModelConfig config) {
        return false;
    }

    /** Why the stock class does not build a model, though its layers are all alike; empty if it does. */
    default Optional<String> stockRefusal(ModelConfig config) {
        return Optional.empty();
    }

    /**
     * Whether transformers' class makes the attention and the MLP of a layer of a configuration alone, under their usual
     * names, each behind one norm, so that {@link RemoteCode} can make them of other sizes.
     */
    default boolean layersAreBuiltAlone() {
        return false;
    }

    /** A model of these sizes whose head is its embedding table, if this is the family of models that are trained here. */
    default Optional<ModelConfig> untrained(ModelConfig.Sizes sizes) {
        return Optional.empty();
    }

    /** What records the parts of a pass. */
    Decoder decoder(ModelConfig config, Pass pass);

    /**
     * Numbers of a constant that a pass has recorded, row-major.
     *
     * @param rows extent of its first axis, which runs through positions
     */
    double[] constant(ModelConfig config, String name, int rows);

    /** What the names of a layer's parameters begin with. */
    String layerPrefix(int layer);

    /**
     * What transformers call the module that multiplies with the embedding's weight; empty for a family whose head always has
     * one of its own.
     */
    default Optional<String> tiedHead() {
        return Optional.empty();
    }

    /** What experts are called, after {@link #layerPrefix}; empty for a family that has none. */
    default Optional<ExpertNames> experts() {
        return Optional.empty();
    }

    /** Last parts of the names of all projections that adapters can stand beside, in the order of a layer. */
    List<String> adapterTargets();

    /**
     * The model that files really hold. They may name the same weight in several ways, hold tensors that the model does
     * without, such as one that is computed, and say of themselves what is not so.
     *
     * @param config what their configuration says
     * @param json   the same configuration, which is changed where it is not so
     * @param files  every tensor by the name in the files
     */
    StoredModel stored(ModelConfig config, ObjectNode json, SequencedMap<String, StoredTensor> files);
}
