package org.espalier.model.arch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.format.GgufContent;
import org.espalier.format.ModelContent;
import org.espalier.format.RowOrder;
import org.espalier.format.TensorEntry;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;

/**
 * A model whose layers compute queries, keys and values together as GGUF files have it. They must have a head, even where that is
 * the embedding table once more.
 */
final class FusedGgufMaker {

    private static final String PLACE = "the model to be written";
    private static final String ADVICE = "write the model as a folder of safetensors";

    private final FusedGgufKind kind;
    private final ModelContent model;
    private final ModelConfig config;
    /** All layers have its sizes. */
    private final LayerConfig layer;

    private final List<GgufContent.Tensor> tensors = new ArrayList<>();

    FusedGgufMaker(FusedGgufKind kind, ModelContent model) {
        this.kind = kind;
        this.model = model;
        this.config = Architectures.read(model.config(), PLACE);
        this.layer = config.layers().getFirst();
    }

    GgufContent make() {
        requireSizes();
        kind.refusal(config).ifPresent(other -> {
            throw refused(other);
        });
        model.tensors().forEach(this::add);
        return new GgufContent(config.vocab(), metadata(), tensors);
    }

    private void requireSizes() {
        boolean whole = layer.heads() > 0 && layer.intermediate() > 0;
        if (!whole || !config.layers().stream().allMatch(layer::equals)) {
            throw new Failure(
                    "layers differ in their sizes, or lack a branch, and GGUF's architecture " + kind.architecture()
                            + " has no way to say that",
                    PLACE,
                    "prune with --uniform, or write a folder of safetensors");
        }
        if (layer.heads() * config.headDim() != config.hidden()) {
            throw refused("has heads whose channels are together as many as the stream's");
        }
    }

    private Failure refused(String other) {
        return new Failure("GGUF's architecture " + kind.architecture() + " " + other, PLACE, ADVICE);
    }

    private SequencedMap<String, Object> metadata() {
        SequencedMap<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", kind.architecture());
        metadata.put("general.type", "model");
        metadata.put(kind.key(GgufKeys.LAYERS), config.layers().size());
        metadata.put(kind.key(GgufKeys.CONTEXT), config.maxPositions());
        metadata.put(kind.key(GgufKeys.HIDDEN), config.hidden());
        metadata.put(kind.key(GgufKeys.NEURONS), layer.intermediate());
        metadata.put(kind.key(GgufKeys.HEADS), layer.heads());
        metadata.put(kind.key(GgufKeys.KV_HEADS), layer.kvHeads());
        metadata.put(kind.key(GgufKeys.LAYER_NORM_EPSILON), (float) kind.eps(config));
        metadata.put(kind.key(GgufKeys.VOCABULARY), config.vocab());
        kind.put(metadata, config);
        return metadata;
    }

    private void add(TensorEntry entry) {
        GgufNames.Place place = kind.names()
                .back(entry.name())
                .orElseThrow(() -> new Failure("GGUF has no name for it", "tensor " + entry.name(), ADVICE));
        RowOrder order = place.part().equals(GgufNames.QUERIES_KEYS_VALUES)
                ? RowOrder.apart(layer.heads(), config.headDim())
                : RowOrder.IDENTITY;
        tensors.add(new GgufContent.Tensor(place.name(), order, entry));
        if (place.name().equals(GgufNames.EMBEDDING) && !hasHead()) {
            tensors.add(new GgufContent.Tensor(GgufNames.OUTPUT, RowOrder.IDENTITY, asHead(entry)));
        }
    }

    private boolean hasHead() {
        return model.tensors().stream()
                .anyMatch(entry -> entry.name().equals(kind.names().head()));
    }

    private TensorEntry asHead(TensorEntry table) {
        return new TensorEntry(kind.names().head(), table.type(), table.shape(), table.content());
    }
}
