package org.espalier.model.arch;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** GGUF's names of a llama-like model's tensors, and Hugging Face's. */
final class LlamaGgufNames {

    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT = "output.weight";
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private static final Map<String, String> MODEL = Map.of(
            EMBEDDING,
            "model.embed_tokens.weight",
            "output_norm.weight",
            "model.norm.weight",
            OUTPUT,
            "lm_head.weight");
    private static final Map<String, String> LAYER = Map.of(
            "attn_norm", "input_layernorm",
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_output", "self_attn.o_proj",
            "ffn_norm", "post_attention_layernorm",
            "ffn_gate", "mlp.gate_proj",
            "ffn_up", "mlp.up_proj",
            "ffn_down", "mlp.down_proj");
    private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.([a-z_]+)\\.(weight|bias)");

    /**
     * Where a tensor belongs.
     *
     * @param name  Hugging Face's name
     * @param layer its layer, -1 outside the layers
     * @param part  GGUF's name inside the layer, such as {@code attn_q}, empty outside
     */
    record Place(String name, int layer, String part) {}

    private LlamaGgufNames() {}

    /** The place of GGUF's {@code name}, or nothing for a tensor that such a model does not have. */
    static Optional<Place> place(String name) {
        String whole = MODEL.get(name);
        if (whole != null) {
            return Optional.of(new Place(whole, -1, ""));
        }
        Matcher block = BLOCK.matcher(name);
        String part = block.matches() ? LAYER.get(block.group(2)) : null;
        if (part == null) {
            return Optional.empty();
        }
        int layer = Integer.parseInt(block.group(1));
        return Optional.of(
                new Place(LlamaDecoder.LAYERS + layer + "." + part + "." + block.group(3), layer, block.group(2)));
    }
}
