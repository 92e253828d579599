package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.espalier.format.GgufMetadata;
import org.espalier.model.ModelConfig;

/**
 * A family whose layers compute queries, keys and values together and have no gate, as GGUF files have it: all layers of one size,
 * heads that have the channels of the stream together, and a bias in every projection and norm.
 */
abstract class FusedGgufKind {

    private final String architecture;
    private final String modelType;
    private final GgufNames names;

    /** @param modelType in Hugging Face's words */
    FusedGgufKind(String architecture, String modelType, GgufNames names) {
        this.architecture = architecture;
        this.modelType = modelType;
        this.names = names;
    }

    /** The name of a key of the metadata. */
    final String key(String name) {
        return architecture + "." + name;
    }

    final String architecture() {
        return architecture;
    }

    /** In Hugging Face's words. */
    final String modelType() {
        return modelType;
    }

    final GgufNames names() {
        return names;
    }

    /**
     * The configuration that a file's metadata say.
     *
     * @param tied whether the head is the embedding table
     */
    abstract ObjectNode config(GgufMetadata metadata, ModelConfig.Sizes sizes, double eps, boolean tied);

    /** Added to the variance in normalisations. */
    abstract double eps(ModelConfig config);

    /** Puts what is special of a model into the metadata of a file. */
    abstract void put(Map<String, Object> metadata, ModelConfig config);

    /** What llama.cpp would compute otherwise; empty if there is nothing. */
    abstract Optional<String> refusal(ModelConfig config);
}
