package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.format.GgufModel;
import org.espalier.format.RowOrder;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.ModelConfig.Sizes;

/** A model of a GGUF file whose layers compute queries, keys and values together, those of all heads apart. */
final class FusedGguf implements GgufModel {

    private static final int MOST_LAYERS = 4096;

    private final FusedGgufKind kind;
    private final GgufMetadata metadata;
    private final Map<String, GgufFile.Entry> tensors;
    private final int layers;
    private final int hidden;
    private final int heads;

    FusedGguf(FusedGgufKind kind, GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
        this.kind = kind;
        this.metadata = metadata;
        this.tensors = tensors;
        this.layers = count(GgufKeys.LAYERS, MOST_LAYERS);
        this.hidden = count(GgufKeys.HIDDEN, Integer.MAX_VALUE);
        this.heads = count(GgufKeys.HEADS, hidden);
        if (hidden % heads != 0) {
            throw metadata.wrong(kind.key(GgufKeys.HEADS), "is " + heads + ", which does not divide " + hidden);
        }
    }

    private int count(String name, int most) {
        int count = metadata.count(kind.key(name));
        if (count == 0 || count > most) {
            throw metadata.wrong(kind.key(name), "is not between 1 and " + most);
        }
        return count;
    }

    @Override
    public boolean ignored(String tensor) {
        return false;
    }

    @Override
    public Optional<Place> place(String tensor) {
        return kind.names()
                .place(tensor)
                .filter(place -> place.layer() < layers)
                .map(place -> new Place(
                        place.name(),
                        place.part().equals(GgufNames.QUERIES_KEYS_VALUES)
                                ? RowOrder.apart(heads, hidden / heads)
                                : RowOrder.IDENTITY,
                        0));
    }

    @Override
    public String description() {
        return "a model of the architecture " + kind.architecture() + " with " + layers + " layers";
    }

    @Override
    public ObjectNode config() {
        LayerConfig layer = new LayerConfig(heads, heads, count(GgufKeys.NEURONS, Integer.MAX_VALUE));
        Sizes sizes = new Sizes(
                GgufNames.vocabulary(metadata, tensors),
                hidden,
                hidden / heads,
                Collections.nCopies(layers, layer),
                count(GgufKeys.CONTEXT, Integer.MAX_VALUE));
        ObjectNode config =
                kind.config(metadata, sizes, metadata.number(kind.key(GgufKeys.LAYER_NORM_EPSILON)), tied());
        metadata.optionalCount("tokenizer.ggml.bos_token_id").ifPresent(id -> config.put("bos_token_id", id));
        metadata.optionalCount("tokenizer.ggml.eos_token_id").ifPresent(id -> config.put("eos_token_id", id));
        return config;
    }

    /** Whether the head is missing, or is the embedding table once more. */
    private boolean tied() {
        GgufFile.Entry head = tensors.get(GgufNames.OUTPUT);
        GgufFile.Entry table = tensors.get(GgufNames.EMBEDDING);
        return head == null
                || head.type() == table.type()
                        && head.shape().equals(table.shape())
                        && head.bytes().mismatch(table.bytes()) == -1;
    }
}
