package org.espalier.format;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A family of models as GGUF files have it: how metadata become a configuration and a configuration metadata, and what tensors
 * are called elsewhere. The families that are known are found as services.
 */
public interface GgufFamily {

    /** The names of architectures, under {@code general.architecture}, that it reads. */
    Set<String> architectures();

    /**
     * What a file of one of the architectures says of its model.
     *
     * @param tensors by the file's own names
     * @throws org.espalier.error.Failure if the metadata make no sense
     */
    GgufModel read(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors);

    /**
     * A model as a file has it; empty for one of another family.
     *
     * @throws org.espalier.error.Failure if files have no way to say what this model is
     */
    default Optional<GgufContent> write(ModelContent model) {
        return Optional.empty();
    }
}
