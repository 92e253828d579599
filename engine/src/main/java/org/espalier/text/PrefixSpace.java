package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * What {@code add_prefix_space} in {@code tokenizer_config.json} changes in a {@code tokenizer.json}: transformers' classes
 * for GPT-2 and GPT-NeoX set the byte-level step by it, and that for LLaMA puts no space before a text where it is false.
 * The other classes take the document as it is.
 */
final class PrefixSpace {

    private PrefixSpace() {}

    static void apply(ObjectNode document, SettingsFile config) {
        Optional<Boolean> wanted = config.flag("add_prefix_space");
        String name = config.node().path("tokenizer_class").asText("");
        if (wanted.isEmpty()) {
            return;
        }
        if ((name.startsWith("GPT2Tokenizer") || name.startsWith("GPTNeoXTokenizer"))
                && document.path("pre_tokenizer") instanceof ObjectNode step
                && step.path("type").asText().equals("ByteLevel")) {
            step.put("add_prefix_space", wanted.get());
        } else if (name.startsWith("LlamaTokenizer") && !wanted.get()) {
            remove(document, "normalizer", "normalizers", "Prepend");
            remove(document, "decoder", "decoders", "Strip");
            if (document.path("pre_tokenizer") instanceof ObjectNode step
                    && step.path("type").asText().equals("Metaspace")) {
                step.put("prepend_scheme", "never").remove("add_prefix_space");
            }
        }
    }

    /** Takes the steps of a kind out of a section. */
    private static void remove(ObjectNode document, String section, String members, String type) {
        JsonNode step = document.path(section);
        if (step.path("type").asText().equals(type)) {
            document.putNull(section);
        } else if (step.path(members) instanceof ArrayNode steps) {
            steps.removeIf(member -> member.path("type").asText().equals(type));
        }
    }
}
