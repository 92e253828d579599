package org.espalier.model.arch;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.format.GgufContent;
import org.espalier.format.GgufFamily;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.format.GgufModel;
import org.espalier.format.ModelContent;

/** GGUF files of a family whose layers compute queries, keys and values together. */
abstract class FusedGgufFamily implements GgufFamily {

    private final FusedGgufKind kind;

    FusedGgufFamily(FusedGgufKind kind) {
        this.kind = kind;
    }

    @Override
    public final Set<String> architectures() {
        return Set.of(kind.architecture());
    }

    @Override
    public final GgufModel read(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
        return new FusedGguf(kind, metadata, tensors);
    }

    @Override
    public final Optional<GgufContent> write(ModelContent model) {
        return model.config().path("model_type").asText().equals(kind.modelType())
                ? Optional.of(new FusedGgufMaker(kind, model).make())
                : Optional.empty();
    }
}
