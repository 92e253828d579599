package org.espalier.model.arch;

/** What GGUF files call the sizes of a model, each behind the architecture's name. */
final class GgufKeys {

    static final String LAYERS = "block_count";
    static final String CONTEXT = "context_length";
    static final String HIDDEN = "embedding_length";
    static final String NEURONS = "feed_forward_length";
    static final String EXPERTS = "expert_count";
    static final String EXPERTS_OF_TOKEN = "expert_used_count";
    static final String EXPERT_NEURONS = "expert_feed_forward_length";
    static final String HEADS = "attention.head_count";
    static final String KV_HEADS = "attention.head_count_kv";
    static final String KEY_SIZE = "attention.key_length";
    static final String VALUE_SIZE = "attention.value_length";
    static final String EPSILON = "attention.layer_norm_rms_epsilon";
    static final String LAYER_NORM_EPSILON = "attention.layer_norm_epsilon";
    static final String ROTATED = "rope.dimension_count";
    static final String VOCABULARY = "vocab_size";

    private GgufKeys() {}
}
