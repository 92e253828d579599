package org.espalier.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.espalier.tensor.DType;

/**
 * In which type each matrix of a quantised GGUF file is, as llama.cpp's {@code llama-quantize} has it: the head, and some of the
 * values and of what ends an MLP, have more bits than the rest, and rows that a type's blocks do not divide have another.
 */
final class GgufMixture {

    /** Layers of the models of 70 billion parameters, whose few key and value heads have more bits. */
    private static final int LAYERS_OF_70B = 80;

    private static final int EXPERTS_OF_MIXTRAL = 8;
    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";
    /** What is looked at instead of multiplied, or decides among experts. */
    private static final Set<String> KEPT = Set.of("ffn_gate_inp.weight", "position_embd.weight", "token_types.weight");

    private final GgufContent content;
    private final Quantization wanted;
    private final boolean hasHead;
    private final int layers;
    private final int values;
    private int valuesSeen;
    private int downSeen;
    /** What is stored in another type than it should be, by what there is to say of it. */
    private final Map<Fallback, Set<String>> fallbacks = new LinkedHashMap<>();

    private record Fallback(DType wanted, long columns, DType stored) {}

    private GgufMixture(GgufContent content, Quantization wanted) {
        this.content = content;
        this.wanted = wanted;
        this.hasHead =
                content.tensors().stream().anyMatch(tensor -> tensor.name().equals(HEAD));
        this.layers = number("block_count");
        this.values = (int) content.tensors().stream()
                .filter(tensor -> isValues(tensor.name()))
                .count();
    }

    /** The tensors as they are to be written. */
    static List<GgufContent.Tensor> of(GgufContent content, Quantization wanted) {
        GgufMixture mixture = new GgufMixture(content, wanted);
        List<GgufContent.Tensor> tensors = new ArrayList<>();
        for (GgufContent.Tensor tensor : content.tensors()) {
            tensors.add(mixture.quantised(tensor));
        }
        mixture.fallbacks.forEach(GgufMixture::say);
        return tensors;
    }

    private GgufContent.Tensor quantised(GgufContent.Tensor tensor) {
        TensorEntry entry = tensor.entry();
        boolean matrix = entry.shape().rank() >= 2 && tensor.name().endsWith(".weight");
        if (!matrix || KEPT.stream().anyMatch(tensor.name()::endsWith)) {
            return tensor;
        }
        DType type = thatFits(wanted(tensor.name(), entry.shape().dim(-1)), tensor);
        return tensor.with(part -> RowQuantizer.of(part, type, wanted));
    }

    private DType wanted(String name, long columns) {
        if (wanted.type() != DType.Q4_K && wanted.type() != DType.Q6_K) {
            return wanted.type();
        }
        if (name.equals(HEAD) || !hasHead && name.equals(EMBEDDING)) {
            return columns % DType.Q6_K.blockElements() == 0 ? DType.Q6_K : DType.Q8_0;
        }
        return wanted.type() == DType.Q4_K ? mixed(name) : wanted.type();
    }

    /** The mixture q4_k_m. */
    private DType mixed(String name) {
        boolean eightExperts = number("expert_count") == EXPERTS_OF_MIXTRAL;
        if (name.contains("attn_v.weight")) {
            boolean more = moreBits(valuesSeen++, values);
            return eightExperts ? DType.Q8_0 : more ? DType.Q6_K : is70B() ? DType.Q5_K : DType.Q4_K;
        }
        if (name.contains("attn_qkv.weight")) {
            return DType.Q5_K;
        }
        if (name.contains("ffn_down")) {
            return moreBits(downSeen++, layers) ? DType.Q6_K : DType.Q4_K;
        }
        if (eightExperts && name.contains("attn_k.weight")) {
            return DType.Q8_0;
        }
        return eightExperts && name.contains("attn_output.weight") ? DType.Q5_K : DType.Q4_K;
    }

    private static boolean isValues(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight");
    }

    /** The first and the last eighth, and every third between. */
    private static boolean moreBits(int index, int count) {
        return index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2;
    }

    private boolean is70B() {
        return layers == LAYERS_OF_70B && number("attention.head_count") != number("attention.head_count_kv");
    }

    /** A number of the metadata; 0 where there is none, or one for each layer. */
    private int number(String key) {
        Object value = content.metadata().get(content.metadata().get("general.architecture") + "." + key);
        return value instanceof Integer number ? number : 0;
    }

    private DType thatFits(DType type, GgufContent.Tensor tensor) {
        if (GgufTypes.fits(type, tensor.entry().shape())) {
            return type;
        }
        DType small = switch (type) {
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            default -> DType.F16;
        };
        DType stored = GgufTypes.fits(small, tensor.entry().shape()) ? small : DType.F16;
        fallbacks
                .computeIfAbsent(
                        new Fallback(type, tensor.entry().shape().dim(-1), stored), key -> new LinkedHashSet<>())
                .add(tensor.name());
        return stored;
    }

    private static void say(Fallback fallback, Set<String> names) {
        Map<String, Long> parts = names.stream()
                .collect(Collectors.groupingBy(
                        name -> name.replaceFirst("^blk\\.[0-9]+\\.", "blk.*."),
                        LinkedHashMap::new,
                        Collectors.counting()));
        String tensors = parts.entrySet().stream()
                .map(part -> part.getKey() + (part.getValue() > 1 ? " in " + part.getValue() + " layers" : ""))
                .collect(Collectors.joining(", "));
        Warnings.say(new Failure(
                "rows of " + fallback.columns + " numbers are not whole blocks of "
                        + fallback.wanted.name().toLowerCase(Locale.ROOT),
                tensors,
                "stored as " + fallback.stored.name().toLowerCase(Locale.ROOT)));
    }
}
