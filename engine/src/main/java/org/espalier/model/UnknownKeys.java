package org.espalier.model;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.espalier.error.Printable;
import org.espalier.error.Warnings;

/**
 * What a configuration says that its family did not read. Some of it is known to change no result; of the rest, a name that
 * speaks of a part of the computation is refused, so that a model that is computed in another way is never computed wrongly
 * without a word, and any other is worth a line.
 */
final class UnknownKeys {

    private static final String QUANTISED = "quantization_config";

    /** Known to change nothing of what is computed here, although the names may sound otherwise. */
    static final Set<String> HARMLESS = Set.of(
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_name_or_path",
            "_experts_implementation",
            "architectures",
            "attention_dropout",
            "attention_probs_dropout_prob",
            "attn_implementation",
            "attn_pdrop",
            "auto_map",
            "bos_token_id",
            "cache_implementation",
            "chunk_size_feed_forward",
            "classifier_dropout",
            "cross_attention_hidden_size",
            "decoder_start_token_id",
            "do_sample",
            "dtype",
            "embd_pdrop",
            "eos_token_id",
            "hidden_dropout",
            "hidden_dropout_prob",
            "id2label",
            "initializer_range",
            "label2id",
            "max_length",
            "max_sequence_length",
            "max_window_layers",
            "min_length",
            "num_beams",
            "original_max_position_embeddings",
            "output_attentions",
            "output_hidden_states",
            "output_router_logits",
            "pad_token_id",
            "pretraining_tp",
            "resid_pdrop",
            "return_dict",
            "return_dict_in_generate",
            "router_aux_loss_coef",
            "router_jitter_noise",
            "sliding_window",
            "slow_but_exact",
            "temperature",
            "tokenizer_class",
            "top_k",
            "top_p",
            "torch_dtype",
            "transformers_version",
            "unk_token_id",
            "use_cache",
            "use_flash_attention",
            "use_flash_attn");

    /** Parts of a computation, as configurations name them. */
    private static final Pattern COMPUTES = Pattern.compile(
            "rope|rota|posit|quant|compress|attn|attention|query|window|scal|multipl|softcap|norm|layer|expert|moe|mlp|ffn"
                    + "|activ|_act|bias|head|embed|alibi|resid|parallel|logit|interleav|hidden|vision|audio|text_config");

    private UnknownKeys() {}

    /**
     * Refuses what may change a result, and warns of the rest.
     *
     * @throws org.espalier.error.Failure if something that may change a result is not understood
     */
    static void check(ConfigReader json) {
        if (json.unread().contains(QUANTISED)) {
            String method = json.object(QUANTISED).orElseThrow().text("quant_method", "a method that it does not name");
            throw json.failure(
                    "the weights are quantised by " + Printable.quoted(method) + " (" + QUANTISED + ")",
                    "fetch the model it was made from, whose weights are plain numbers, or a GGUF file");
        }
        List<String> unknown =
                json.unread().stream().filter(key -> !HARMLESS.contains(key)).toList();
        for (String key : unknown) {
            if (key.contains(".") || COMPUTES.matcher(key).find()) {
                throw json.failure(
                        Printable.quoted(key) + " is not understood, and may change what is computed",
                        "use a model without it, or take the key out if it changes nothing");
            }
        }
        unknown.forEach(key -> Warnings.say(json.failure(
                Printable.quoted(key) + " is not understood", "nothing is computed otherwise because of it")));
    }
}
