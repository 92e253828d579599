package org.espalier;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.format.Checkpoint;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.tensor.Shape;

/** Makes a Baichuan of a LLaMA all of whose heads have keys and values of their own. */
public final class StackedLlama {

    /** The projections that become one, in their order. */
    public static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");

    private StackedLlama() {}

    /** The same weights, queries, keys and values of a layer one after the other. */
    public static void write(Checkpoint llama, Path folder) {
        ObjectNode json = llama.config().deepCopy();
        json.put("model_type", "baichuan");
        json.putArray("architectures").add("BaiChuanForCausalLM");
        Map<String, List<StoredTensor>> stacked = new LinkedHashMap<>();
        for (StoredTensor tensor : llama.tensors().values()) {
            String name = tensor.name();
            for (String part : PARTS) {
                name = name.replace(part, "W_pack");
            }
            stacked.computeIfAbsent(name, _ -> new ArrayList<>()).add(tensor);
        }
        List<TensorEntry> entries = new ArrayList<>();
        stacked.forEach((name, tensors) -> entries.add(entry(name, tensors)));
        new SafetensorsFolder().write(folder, ModelContent.of(json, entries), true);
    }

    private static TensorEntry entry(String name, List<StoredTensor> tensors) {
        List<StoredTensor> ordered = tensors.stream()
                .sorted((a, b) -> Integer.compare(place(a.name()), place(b.name())))
                .toList();
        long[] dims = ordered.getFirst().shape().toArray();
        dims[0] = ordered.stream().mapToLong(tensor -> tensor.shape().dim(0)).sum();
        return new TensorEntry(name, ordered.getFirst().type(), Shape.of(dims), sink -> {
            for (StoredTensor tensor : ordered) {
                sink.write(tensor.bytes());
            }
        });
    }

    private static int place(String name) {
        return (int) PARTS.stream().takeWhile(part -> !name.contains(part)).count();
    }
}
