package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architecture;
import org.espalier.model.ModelConfig;
import org.espalier.model.StoredModel;

/**
 * Families that compute the query, the key and the value of every head by one projection, whose MLPs widen and narrow, and whose
 * branches end in biases.
 */
abstract class FusedFamily implements Architecture {

    private final String layers;
    private final UsualFiles files;

    /** The shape of such a model. */
    interface Config extends ModelConfig {

        /** Added to the variance in normalisations. */
        double eps();

        /** The same with a head that is not the embedding table. */
        Config withOwnHead();
    }

    /**
     * @param layers what the names of all layers' parameters begin with
     * @param files  how they name the rest
     */
    FusedFamily(String layers, UsualFiles files) {
        this.layers = layers;
        this.files = files;
    }

    /** Every branch ends in a bias already. */
    @Override
    public Optional<ModelConfig> withBranchBiases(ModelConfig model) {
        return Optional.of(model);
    }

    /** Nothing: they are there. */
    @Override
    public final void addBranchBiases(ObjectNode json, ModelConfig config) {}

    @Override
    public final String layerPrefix(int layer) {
        return layers + layer + ".";
    }

    @Override
    public final List<String> adapterTargets() {
        return List.of(FusedDecoder.HEADS, FusedDecoder.OUT, FusedDecoder.WIDEN, FusedDecoder.NARROW);
    }

    @Override
    public final StoredModel stored(ModelConfig config, ObjectNode json, SequencedMap<String, StoredTensor> tensors) {
        return files.model(config, ((Config) config)::withOwnHead, json, tensors);
    }
}
