package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;
import org.espalier.format.StoredTensor;
import org.espalier.model.ModelConfig;
import org.espalier.model.StoredModel;

/**
 * How files name the same weights in several ways, as Hugging Face's classes read them.
 *
 * @param prefix    what names of the model without its head begin with, where the files have it
 * @param embedding the table
 * @param head      the head's weight
 * @param computed  ends of the names of tensors that old files hold though they are computed from the configuration
 */
record UsualFiles(String prefix, String embedding, String head, Set<String> computed) {

    /**
     * The model that files hold.
     *
     * @param ownHead the configuration of the same model with a head that is not the embedding table
     */
    StoredModel model(
            ModelConfig config,
            Supplier<ModelConfig> ownHead,
            ObjectNode json,
            SequencedMap<String, StoredTensor> files) {
        SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
        boolean bare = files.containsKey(embedding.substring(prefix.length()));
        for (StoredTensor tensor : files.values()) {
            if (computed.stream().noneMatch(tensor.name()::endsWith)) {
                put(tensors, tensor, bare && !tensor.name().equals(head) ? prefix + tensor.name() : tensor.name());
            }
        }
        StoredTensor stored = tensors.get(head);
        if (!config.tied() || stored == null) {
            return new StoredModel(config, tensors, Map.of());
        }
        StoredTensor table = tensors.get(embedding);
        if (table == null) {
            tensors.remove(head);
            put(tensors, stored, embedding);
        } else if (same(stored, table)) {
            tensors.remove(head);
        } else {
            json.put("tie_word_embeddings", false);
            return new StoredModel(
                    ownHead.get(),
                    tensors,
                    Map.of(
                            "the configuration says that the head is the embedding table, and " + head
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
