package org.espalier.model.arch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** GGUF's names of a llama-like model's tensors, and Hugging Face's. */
final class LlamaGgufNames {

    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT = "output.weight";
    static final String ROPE_FACTORS = "rope_freqs.weight";

    /** Parts of a layer that are matrices. */
    static final List<String> PROJECTIONS =
            List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down");

    private static final Map<String, String> MODEL = Map.of(
            EMBEDDING,
            "model.embed_tokens.weight",
            "output_norm.weight",
            "model.norm.weight",
            OUTPUT,
            "lm_head.weight");
    private static final Map<String, String> MODEL_BACK = inverse(MODEL);
    /** Parts of a layer that nearly all relatives have, by what Hugging Face calls them. */
    private static final Map<String, String> USUAL = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    /** What has a norm before and behind each branch. */
    static final LlamaGgufNames AROUND = new LlamaGgufNames(with(Map.of(
            "post_attention_norm",
            "post_attention_layernorm",
            "ffn_norm",
            "pre_feedforward_layernorm",
            "post_ffw_norm",
            "post_feedforward_layernorm")));
    /** What has norms behind its branches alone. */
    static final LlamaGgufNames BEHIND = new LlamaGgufNames(without(
            with(Map.of(
                    "post_attention_norm", "post_attention_layernorm", "post_ffw_norm", "post_feedforward_layernorm")),
            "attn_norm",
            "ffn_norm"));
    /** What computes queries, keys and values together, and gate and up. */
    static final LlamaGgufNames FUSED = new LlamaGgufNames(without(
            with(Map.of("attn_qkv", "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj")),
            "attn_q",
            "attn_k",
            "attn_v",
            "ffn_gate"));
    /** As in LLaMA. */
    static final LlamaGgufNames LLAMA = new LlamaGgufNames(USUAL);

    private static final Pattern LAYER_OF_MODEL =
            Pattern.compile(Pattern.quote(LlamaDecoder.LAYERS) + "([0-9]{1,6})\\.(.+)\\.(weight|bias)");
    private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.([a-z_]+)\\.(weight|bias)");

    /**
     * Where a tensor belongs.
     *
     * @param name  what the other side calls it: Hugging Face's name of GGUF's tensor, or GGUF's name of Hugging Face's
     * @param layer its layer, -1 outside the layers
     * @param part  GGUF's name inside the layer, such as {@code attn_q}, empty outside
     */
    record Place(String name, int layer, String part) {}

    private final Map<String, String> parts;
    private final Map<String, String> back;

    private LlamaGgufNames(Map<String, String> parts) {
        this.parts = parts;
        this.back = inverse(parts);
    }

    /** What has experts in the place of MLPs, whose projections {@link LlamaGgufExperts} names. */
    static LlamaGgufNames withRouter(String router) {
        return new LlamaGgufNames(without(with(Map.of("ffn_gate_inp", router)), "ffn_gate", "ffn_up", "ffn_down"));
    }

    private static Map<String, String> with(Map<String, String> others) {
        Map<String, String> all = new HashMap<>(USUAL);
        all.putAll(others);
        return all;
    }

    private static Map<String, String> without(Map<String, String> parts, String... names) {
        Map<String, String> rest = new HashMap<>(parts);
        List.of(names).forEach(rest::remove);
        return rest;
    }

    /** The place of GGUF's {@code name}, or nothing for a tensor that such a model does not have. */
    Optional<Place> place(String name) {
        String whole = MODEL.get(name);
        if (whole != null) {
            return Optional.of(new Place(whole, -1, ""));
        }
        Matcher block = BLOCK.matcher(name);
        String part = block.matches() ? parts.get(block.group(2)) : null;
        if (part == null) {
            return Optional.empty();
        }
        int layer = Integer.parseInt(block.group(1));
        return Optional.of(
                new Place(LlamaDecoder.LAYERS + layer + "." + part + "." + block.group(3), layer, block.group(2)));
    }

    /** The place of Hugging Face's {@code name}, or nothing for a tensor that such a file does not have. */
    Optional<Place> back(String name) {
        String whole = MODEL_BACK.get(name);
        if (whole != null) {
            return Optional.of(new Place(whole, -1, ""));
        }
        Matcher block = LAYER_OF_MODEL.matcher(name);
        String part = block.matches() ? back.get(block.group(2)) : null;
        if (part == null) {
            return Optional.empty();
        }
        int layer = Integer.parseInt(block.group(1));
        return Optional.of(new Place(block(layer, part, block.group(3)), layer, part));
    }

    /** GGUF's name of a part of a layer, {@code kind} being {@code weight} or {@code bias}. */
    static String block(int layer, String part, String kind) {
        return "blk." + layer + "." + part + "." + kind;
    }

    private static Map<String, String> inverse(Map<String, String> names) {
        return names.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    }
}
