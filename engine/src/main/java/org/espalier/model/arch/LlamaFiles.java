package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.format.StoredTensor;
import org.espalier.model.StoredModel;

/** How the files of LLaMA-like models name the same weights in several ways, as Hugging Face's classes read them. */
final class LlamaFiles {

    private static final String HEAD = LlamaDecoder.HEAD + ".weight";
    private static final String PREFIX = "model.";

    /** Old checkpoints store what is computed from the configuration. */
    private static final String COMPUTED = "rotary_emb.inv_freq";

    private LlamaFiles() {}

    static StoredModel model(LlamaConfig config, ObjectNode json, SequencedMap<String, StoredTensor> files) {
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        boolean bare = files.containsKey(LlamaDecoder.EMBEDDING.substring(PREFIX.length()));
        for (StoredTensor tensor : files.values()) {
            if (!tensor.name().endsWith(COMPUTED)) {
                put(tensors, tensor, bare && !tensor.name().equals(HEAD) ? PREFIX + tensor.name() : tensor.name());
            }
        }
        StoredTensor head = tensors.get(HEAD);
        if (!config.tied() || head == null) {
            return new StoredModel(config, tensors, Map.of());
        }
        StoredTensor table = tensors.get(LlamaDecoder.EMBEDDING);
        if (table == null) {
            tensors.remove(HEAD);
            put(tensors, head, LlamaDecoder.EMBEDDING);
        } else if (same(head, table)) {
            tensors.remove(HEAD);
        } else {
            json.put("tie_word_embeddings", false);
            return new StoredModel(
                    config.withOwnHead(),
                    tensors,
                    Map.of(
                            "the configuration says that the head is the embedding table, and " + HEAD
                                    + " holds other numbers",
                            "both are used"));
        }
        return new StoredModel(config, tensors, Map.of());
    }

    private static void put(SequencedMap<String, StoredTensor> tensors, StoredTensor tensor, String name) {
        tensors.put(name, new StoredTensor(name, tensor.type(), tensor.shape(), tensor.bytes(), tensor.order()));
    }

    private static boolean same(StoredTensor head, StoredTensor table) {
        return head.type() == table.type()
                && head.shape().equals(table.shape())
                && head.bytes().mismatch(table.bytes()) == -1;
    }
}
