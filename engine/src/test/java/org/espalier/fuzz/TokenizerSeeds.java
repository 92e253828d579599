package org.espalier.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.espalier.text.SmallTokenizer;

/** Small tokenizers with the files that stand beside them: each kind of step that is understood is in one of them. */
final class TokenizerSeeds {

    static final String JSON = "tokenizer.json";
    static final String CONFIG = "tokenizer_config.json";

    private static final String SETTINGS = """
            {"add_bos_token": true, "add_eos_token": false, "bos_token": "<s>", "eos_token": {"content": "</s>",
             "lstrip": false, "normalized": false, "rstrip": false, "single_word": false}, "unk_token": "<unk>",
             "added_tokens_decoder": {"1": {"content": "<s>", "lstrip": false, "normalized": false, "rstrip": false,
             "single_word": false, "special": true}}, "chat_template": "{{ messages }}", "legacy": false,
             "tokenizer_class": "PreTrainedTokenizerFast"}""";
    private static final String MAP = """
            {"bos_token": "<s>", "eos_token": "</s>", "additional_special_tokens": ["<unk>"]}""";

    private static final String WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}"
                    + "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";
    private static final String BYTES = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{"id": 3, "content": "</s>",
              "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
             "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": "%s"}, "behavior": "Isolated", "invert": false},
              {"type": "Digits", "individual_digits": true},
              {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
             "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
             "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
              "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
              "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}""".formatted(WORDS);
    private static final String PIECES = """
            {"version": "1.0", "added_tokens": [{"id": 0, "content": "<unk>", "single_word": false, "lstrip": false,
              "rstrip": false, "normalized": false, "special": true}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
              {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}, {"type": "Lowercase"},
              {"type": "Strip", "strip_left": false, "strip_right": true}]},
             "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": false},
             "post_processor": {"type": "Sequence", "processors": []},
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"},
              "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
              "vocab": [["<unk>", 0.0], ["\u2581", -2.0], ["a", -2.5], ["\u2581a", -3.0], ["b", -3.5]]}}""";
    private static final String OTHERS = """
            {"version": "1.0", "added_tokens": [], "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKD"},
              {"type": "StripAccents"}, {"type": "Nmt"}]},
             "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"},
              {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "CharDelimiterSplit", "delimiter": "-"},
              {"type": "UnicodeScripts"}, {"type": "WhitespaceSplit"}]},
             "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
             "model": {"type": "BPE", "unk_token": "u", "fuse_unk": true, "byte_fallback": true,
              "continuing_subword_prefix": "#", "vocab": {"u": 0, "a": 1, "#b": 2, "ab": 3}, "merges": [["a", "#b"]]}}""";

    private TokenizerSeeds() {}

    static List<Input> all() {
        List<Input> seeds = new ArrayList<>();
        for (String json : List.of(SmallTokenizer.json().toString(), BYTES, PIECES, OTHERS)) {
            seeds.add(Input.of(JSON, json)
                    .with(CONFIG, SETTINGS)
                    .with("special_tokens_map.json", MAP)
                    .with("added_tokens.json", "{\"<s>\": 1}")
                    .with("generation_config.json", "{\"eos_token_id\": [2, 3]}"));
        }
        return seeds;
    }
}
