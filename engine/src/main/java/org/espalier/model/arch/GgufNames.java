package org.espalier.model.arch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;

/** GGUF's names of a model's tensors, and Hugging Face's. */
final class GgufNames {

    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT = "output.weight";
    static final String ROPE_FACTORS = "rope_freqs.weight";

    /** The part of a layer that computes queries, keys and values together. */
    static final String QUERIES_KEYS_VALUES = "attn_qkv";

    /** Parts of a layer of LLaMA that are matrices. */
    static final List<String> PROJECTIONS =
            List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down");

    /** What stands outside of layers in relatives of LLaMA. */
    private static final Map<String, String> LLAMA_MODEL = Map.of(
            EMBEDDING,
            "model.embed_tokens.weight",
            "output_norm.weight",
            "model.norm.weight",
            OUTPUT,
            "lm_head.weight");
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
    static final GgufNames AROUND = new GgufNames(with(Map.of(
            "post_attention_norm",
            "post_attention_layernorm",
            "ffn_norm",
            "pre_feedforward_layernorm",
            "post_ffw_norm",
            "post_feedforward_layernorm")));
    /** What has norms behind its branches alone. */
    static final GgufNames BEHIND = new GgufNames(without(
            with(Map.of(
                    "post_attention_norm", "post_attention_layernorm", "post_ffw_norm", "post_feedforward_layernorm")),
            "attn_norm",
            "ffn_norm"));
    /** What computes queries, keys and values together, and gate and up. */
    static final GgufNames FUSED = new GgufNames(without(
            with(Map.of(QUERIES_KEYS_VALUES, "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj")),
            "attn_q",
            "attn_k",
            "attn_v",
            "ffn_gate"));
    /** As in LLaMA. */
    static final GgufNames LLAMA = new GgufNames(USUAL);

    /** GPT-NeoX's. */
    static final GgufNames GPT_NEOX = new GgufNames(
            Map.of(
                    EMBEDDING,
                    "gpt_neox.embed_in.weight",
                    "output_norm.weight",
                    "gpt_neox.final_layer_norm.weight",
                    "output_norm.bias",
                    "gpt_neox.final_layer_norm.bias",
                    OUTPUT,
                    "embed_out.weight"),
            "gpt_neox.layers.",
            fused("attention."));
    /** BLOOM's. */
    static final GgufNames BLOOM = new GgufNames(
            Map.of(
                    EMBEDDING,
                    "transformer.word_embeddings.weight",
                    "token_embd_norm.weight",
                    "transformer.word_embeddings_layernorm.weight",
                    "token_embd_norm.bias",
                    "transformer.word_embeddings_layernorm.bias",
                    "output_norm.weight",
                    "transformer.ln_f.weight",
                    "output_norm.bias",
                    "transformer.ln_f.bias",
                    OUTPUT,
                    "lm_head.weight"),
            "transformer.h.",
            fused("self_attention."));

    private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.([a-z_]+)\\.(weight|bias)");

    /**
     * Where a tensor belongs.
     *
     * @param name  what the other side calls it: Hugging Face's name of GGUF's tensor, or GGUF's name of Hugging Face's
     * @param layer its layer, -1 outside the layers
     * @param part  GGUF's name inside the layer, such as {@code attn_q}, empty outside
     */
    record Place(String name, int layer, String part) {}

    /** Outside of layers. */
    private final Map<String, String> whole;

    private final Map<String, String> wholeBack;
    private final String layers;
    private final Pattern layerOfModel;
    private final Map<String, String> parts;
    private final Map<String, String> back;

    private GgufNames(Map<String, String> parts) {
        this(LLAMA_MODEL, LlamaDecoder.LAYERS, parts);
    }

    /** @param layers what Hugging Face's names of layers begin with */
    private GgufNames(Map<String, String> whole, String layers, Map<String, String> parts) {
        this.whole = whole;
        this.wholeBack = inverse(whole);
        this.layers = layers;
        this.layerOfModel = Pattern.compile(Pattern.quote(layers) + "([0-9]{1,6})\\.(.+)\\.(weight|bias)");
        this.parts = parts;
        this.back = inverse(parts);
    }

    /** What has experts in the place of MLPs, whose projections {@link LlamaGgufExperts} names. */
    static GgufNames withRouter(String router) {
        return new GgufNames(without(with(Map.of("ffn_gate_inp", router)), "ffn_gate", "ffn_up", "ffn_down"));
    }

    /** Of layers that compute queries, keys and values together and have no gate. */
    private static Map<String, String> fused(String attention) {
        return Map.of(
                "attn_norm",
                "input_layernorm",
                QUERIES_KEYS_VALUES,
                attention + "query_key_value",
                "attn_output",
                attention + "dense",
                "ffn_norm",
                "post_attention_layernorm",
                "ffn_up",
                "mlp.dense_h_to_4h",
                "ffn_down",
                "mlp.dense_4h_to_h");
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

    /** What Hugging Face calls the head. */
    String head() {
        return whole.get(OUTPUT);
    }

    /** How many tokens a file's embedding table has. */
    static int vocabulary(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
        GgufFile.Entry embedding = tensors.get(EMBEDDING);
        if (embedding == null
                || embedding.shape().rank() != 2
                || embedding.shape().dim(0) > Integer.MAX_VALUE) {
            throw metadata.damaged("tensor '" + EMBEDDING + "' is missing or not a matrix");
        }
        return embedding.shape().extent(0);
    }

    /** The place of GGUF's {@code name}, or nothing for a tensor that such a model does not have. */
    Optional<Place> place(String name) {
        if (whole.containsKey(name)) {
            return Optional.of(new Place(whole.get(name), -1, ""));
        }
        Matcher block = BLOCK.matcher(name);
        String part = block.matches() ? parts.get(block.group(2)) : null;
        if (part == null) {
            return Optional.empty();
        }
        int layer = Integer.parseInt(block.group(1));
        return Optional.of(new Place(layers + layer + "." + part + "." + block.group(3), layer, block.group(2)));
    }

    /** The place of Hugging Face's {@code name}, or nothing for a tensor that such a file does not have. */
    Optional<Place> back(String name) {
        if (wholeBack.containsKey(name)) {
            return Optional.of(new Place(wholeBack.get(name), -1, ""));
        }
        Matcher block = layerOfModel.matcher(name);
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
