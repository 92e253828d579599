package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.espalier.tensor.DType;

/**
 * What a model on disk consists of, whatever the format: a {@link ModelWriter} writes it.
 *
 * @param config  the configuration in Hugging Face's form
 * @param tensors the weights under Hugging Face's names, in the order in which shards are filled; what they are read from
 *                must stay open until they have been written
 * @param files   small files by name: the tokenizer's, in Hugging Face's form, and whatever else belongs to the model
 * @param gguf    what a GGUF file says beside the model itself, such as its tokenizer, made when it is asked for; as
 *                {@link Checkpoint#ggufMetadata} gives it
 * @param quantization how matrices, which are float32 then, are quantised when they are written; empty to write them as they
 *                are
 */
public record ModelContent(
        JsonNode config,
        List<TensorEntry> tensors,
        SequencedMap<String, byte[]> files,
        Supplier<Map<String, Object>> gguf,
        Optional<Quantization> quantization) {

    /** Without files, and with the configuration saying the type that most of the numbers have. */
    public static ModelContent of(ObjectNode config, List<TensorEntry> tensors) {
        return new ModelContent(
                typed(config, tensors), List.copyOf(tensors), new LinkedHashMap<>(), Map::of, Optional.empty());
    }

    /** The same model with another configuration. */
    public ModelContent withConfig(JsonNode other) {
        return new ModelContent(other, tensors, files, gguf, quantization);
    }

    /** The same model with another small file, which replaces one of the same name. */
    public ModelContent withFile(String name, byte[] content) {
        return withFiles(Map.of(name, content));
    }

    /** The same model with more small files; each replaces one of the same name. */
    public ModelContent withFiles(Map<String, byte[]> more) {
        SequencedMap<String, byte[]> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new ModelContent(config, tensors, all, gguf, quantization);
    }

    /** The same model with what a GGUF file says beside it. */
    public ModelContent withGguf(Supplier<Map<String, Object>> metadata) {
        return new ModelContent(config, tensors, files, metadata, quantization);
    }

    /** The same model, whose matrices are quantised when they are written. */
    public ModelContent withQuantization(Quantization wanted) {
        return new ModelContent(config, tensors, files, gguf, Optional.of(wanted));
    }

    /** The same model, the bytes of whose weights are reported as they are written; {@link #bytes} of them in all. */
    public ModelContent reporting(LongConsumer writtenBytes) {
        return new ModelContent(
                config,
                tensors.stream().map(tensor -> tensor.reporting(writtenBytes)).toList(),
                files,
                gguf,
                quantization);
    }

    /** Bytes of all weights as they are to be stored. */
    public long bytes() {
        return tensors.stream().mapToLong(TensorEntry::bytes).sum();
    }

    private static ObjectNode typed(ObjectNode config, List<TensorEntry> tensors) {
        ObjectNode typed = config.deepCopy();
        mostUsed(tensors).map(ModelContent::name).ifPresent(name -> {
            if (typed.has("dtype")) {
                typed.put("dtype", name);
            }
            if (typed.has("torch_dtype") || !typed.has("dtype")) {
                typed.put("torch_dtype", name);
            }
        });
        return typed;
    }

    /** The floating type that most numbers have; empty if there are none. */
    static Optional<DType> mostUsed(List<TensorEntry> tensors) {
        return tensors.stream()
                .filter(tensor -> tensor.type().floating())
                .collect(Collectors.groupingBy(
                        TensorEntry::type,
                        LinkedHashMap::new,
                        Collectors.summingLong(tensor -> tensor.shape().elements())))
                .entrySet()
                .stream()
                .max(Comparator.comparingLong(Map.Entry::getValue))
                .map(Map.Entry::getKey);
    }

    /** PyTorch's name; quantised numbers are computed with as float32. */
    private static String name(DType type) {
        return switch (type) {
            case F64 -> "float64";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }
}
