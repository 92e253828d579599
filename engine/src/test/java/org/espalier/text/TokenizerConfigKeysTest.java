package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations as they are published open; a key that may change ids and is not understood is refused by name. */
class TokenizerConfigKeysTest {

    private final List<String> heard = new ArrayList<>();

    @TempDir
    private Path folder;

    /** The keys of published configurations, of LLaMA 2 and 3, Mistral, Qwen2, Gemma, Phi-3, Falcon, BLOOM and SmolLM. */
    @Test
    void everyKeyOfPublishedConfigurationsOpens() throws IOException {
        open("""
                {"add_bos_token": true, "add_eos_token": false, "add_prefix_space": null, "legacy": true,
                 "added_tokens_decoder": {"1": {"content": "<s>", "lstrip": false, "normalized": false,
                  "rstrip": false, "single_word": false, "special": true}},
                 "additional_special_tokens": ["<s>"], "bos_token": "<s>", "eos_token": {"__type": "AddedToken",
                  "content": "</s>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false},
                 "unk_token": "<unk>", "pad_token": null, "sep_token": null, "cls_token": null, "mask_token": null,
                 "chat_template": "{{ messages }}", "clean_up_tokenization_spaces": true, "errors": "replace",
                 "model_max_length": 1000000000000000019884624838656, "padding_side": "left", "sp_model_kwargs": {},
                 "split_special_tokens": false, "spaces_between_special_tokens": false,
                 "tokenizer_class": "LlamaTokenizer", "use_default_system_prompt": false,
                 "model_input_names": ["input_ids", "attention_mask"], "name_or_path": "x/y",
                 "special_tokens_map_file": "x", "extra_special_tokens": {}, "trust_remote_code": false,
                 "use_fast": true, "auto_map": {"AutoTokenizer": [null, "x"]}, "processor_class": "P",
                 "image_token": "<s>", "boi_token": "<s>", "image_token_id": 1, "do_lower_case": false,
                 "remove_space": false, "truncation_side": "right", "stride": 0, "max_length": 4096,
                 "pad_to_multiple_of": null, "pad_token_type_id": 0, "padding": true, "truncation": true,
                 "tokenizer_file": null, "device_map": "auto", "return_token_type_ids": false,
                 "add_special_tokens": true, "fix_mistral_regex": false, "backend": "tokenizers", "is_local": true}""");
        assertEquals(List.of(), heard);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"do_lower_case\": true",
                "\"split_special_tokens\": true",
                "\"sp_model_kwargs\": {\"enable_sampling\": true}",
                "\"fix_mistral_regex\": true",
                "\"add_dummy_space\": 1"
            })
    void whatMayChangeIdsIsRefusedByName(String entry) {
        Failure failure = assertThrows(Failure.class, () -> open("{" + entry + "}"));
        String key = entry.substring(1, entry.indexOf('"', 1));
        assertTrue(failure.oneLine().contains("'" + key + "'"), failure.oneLine());
    }

    @Test
    void anyOtherKeyIsWarnedOfOnce() throws IOException {
        open("{\"mood\": \"good\", \"quiet\": false, \"none\": null, \"empty\": [], \"blank\": \"\"}");
        open("{\"mood\": \"good\"}");
        assertEquals(1, heard.size(), heard::toString);
        assertTrue(heard.getFirst().contains("'mood'"), heard::toString);
    }

    @ParameterizedTest
    @CsvSource({"GPT2Tokenizer, true, 3", "GPT2Tokenizer, false, 0", "PreTrainedTokenizerFast, true, 0"})
    void someClassesPutASpaceBeforeAByteLevelText(String name, boolean prefix, int first) throws IOException {
        ObjectNode bpe = TokenizerParts.bpe();
        ObjectNode vocabulary = bpe.putObject("vocab");
        for (String token : List.of("a", "b", "Ġ", "Ġa")) {
            vocabulary.put(token, vocabulary.size());
        }
        bpe.putArray("merges").add("Ġ a");
        ObjectNode json = TokenizerParts.document(bpe);
        json.set("pre_tokenizer", TokenizerParts.byteLevel(false, true));
        Files.write(folder.resolve("tokenizer.json"), Json.toBytes(json));
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"" + name + "\", \"add_prefix_space\": " + prefix + "}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {first, 2, 1}, tokenizer.encode("a b", true));
        }
    }

    private void open(String config) throws IOException {
        if (heard.isEmpty()) {
            Warnings.hear(heard::add);
        }
        Files.write(folder.resolve("tokenizer.json"), Json.toBytes(SmallTokenizer.json()));
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertArrayEquals(new int[] {1, 5, 2}, tokenizer.encode("ab", true));
        }
    }
}
