package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.error.Warnings;

/**
 * The keys of {@code tokenizer_config.json}: those that are read, those of published models that change no id, and what
 * becomes of others. A key that is not known does no harm where its value says nothing; one whose name speaks of how texts
 * are cut is refused, any other is warned of once.
 */
final class TokenizerConfigKeys {

    private static final Set<String> READ = Set.of(
            "bos_token",
            "eos_token",
            "unk_token",
            "sep_token",
            "pad_token",
            "cls_token",
            "mask_token",
            "extra_special_tokens",
            "additional_special_tokens",
            "added_tokens_decoder",
            "chat_template",
            "add_bos_token",
            "add_eos_token",
            "add_prefix_space",
            SpaceCleanUp.KEY,
            SpaceCleanUp.ALSO_BPE,
            "legacy",
            IceText.IMAGES_KEY,
            "tokenizer_class");

    /** What concerns batches, lengths, other programs and decoding to the taste of one program. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "model_max_length",
            "max_length",
            "max_len",
            "padding_side",
            "padding",
            "pad_to_multiple_of",
            "pad_token_type_id",
            "truncation",
            "truncation_side",
            "truncation_strategy",
            "stride",
            "model_input_names",
            "return_token_type_ids",
            "spaces_between_special_tokens",
            "errors",
            "use_default_system_prompt",
            "use_fast",
            "from_slow",
            "fast_tokenizer",
            "slow_tokenizer_class",
            "backend",
            "auto_map",
            "device_map",
            "processor_class",
            "image_processor_type",
            "name_or_path",
            "special_tokens_map_file",
            "tokenizer_file",
            "vocab_file",
            "merges_file",
            "chat_template_file",
            "trust_remote_code",
            "local_files_only",
            "is_local",
            "revision",
            "transformers_version",
            "tokenizer_version",
            "response_schema",
            "response_template",
            "init_inputs",
            "unk_id",
            "bos_id",
            "eos_id",
            "pad_id",
            "vocab_size",
            "model_specific_special_tokens",
            "tokenizer_type",
            "tokenizer_object",
            "verbose");

    /** Parts of names of keys that say how a text becomes ids. */
    private static final List<String> CUTTING = List.of(
            "lower",
            "upper",
            "case",
            "split",
            "strip",
            "accent",
            "normal",
            "unicode",
            "prefix",
            "suffix",
            "space",
            "regex",
            "pattern",
            "merge",
            "vocab",
            "byte",
            "dropout",
            "sampl",
            "alpha",
            "legacy",
            "sp_model",
            "encod",
            "pretok",
            "pre_tok",
            "digit",
            "number",
            "chinese",
            "punct",
            "add_",
            "replace",
            "reserved",
            "language",
            "lang");

    private TokenizerConfigKeys() {}

    /** @throws Failure if a key that is not known could change the ids of a text */
    static void check(SettingsFile config) {
        config.node().properties().forEach(entry -> {
            String key = entry.getKey();
            boolean known = READ.contains(key) || WITHOUT_EFFECT.contains(key) || namesTokens(key, entry.getValue());
            if (!known && !TokenizerSteps.saysNothing(entry.getValue()) && !isUsual(key, entry.getValue())) {
                refuseOrWarn(key, config);
            }
        });
    }

    /** A key such as {@code image_token} or {@code fim_prefix_token_id}: a name for a token that the vocabulary has. */
    private static boolean namesTokens(String key, JsonNode value) {
        boolean named = value.isTextual() || value.path("content").isTextual();
        boolean numbered = value.isIntegralNumber();
        return key.endsWith("_token") && named
                || key.endsWith("_token_id") && numbered
                || key.endsWith("_tokens") && value.isArray();
    }

    /** Switches of published models at the place where they change nothing. */
    private static boolean isUsual(String key, JsonNode value) {
        return switch (key) {
            case "keep_accents", "add_special_tokens" -> value.booleanValue();
            default -> false;
        };
    }

    private static void refuseOrWarn(String key, SettingsFile config) {
        String where = config.path().toString();
        if (CUTTING.stream().anyMatch(key::contains)) {
            throw new Failure(
                    "key " + Printable.quoted(key) + " may change the ids of a text, and is not understood",
                    where,
                    "take it out if it changes nothing, or use a tokenizer.json that does without");
        }
        Warnings.say(new Failure(
                "key " + Printable.quoted(key) + " is not understood", where, "go on, if it changes no ids"));
    }
}
