package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/**
 * The steps of a {@code tokenizer.json} that are understood, and the keys of each with what may stand there. What is not
 * listed here is not handed to the library.
 */
final class TokenizerSteps {

    /** What may stand under a key. */
    enum Value {
        FLAG("true or false"),
        TEXT("a text"),
        COUNT("a number from 0 on"),
        PATTERN("a pattern"),
        STEPS("an array of steps");

        private final String description;

        Value(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    private static final Map<String, Map<String, Value>> KEYS = new HashMap<>();

    static {
        for (String plain :
                new String[] {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"}) {
            KEYS.put("normalizer/" + plain, Map.of());
        }
        KEYS.put("normalizer/Sequence", Map.of("normalizers", Value.STEPS));
        KEYS.put("normalizer/Strip", Map.of("strip_left", Value.FLAG, "strip_right", Value.FLAG));
        KEYS.put("normalizer/Prepend", Map.of("prepend", Value.TEXT));
        KEYS.put("normalizer/Replace", Map.of("pattern", Value.PATTERN, "content", Value.TEXT));

        Map<String, Value> byteLevel =
                Map.of("add_prefix_space", Value.FLAG, "trim_offsets", Value.FLAG, "use_regex", Value.FLAG);
        Map<String, Value> metaspace = Map.of(
                "replacement",
                Value.TEXT,
                "prepend_scheme",
                Value.TEXT,
                "split",
                Value.FLAG,
                "add_prefix_space",
                Value.FLAG,
                "str_rep",
                Value.TEXT);
        for (String plain : new String[] {"Whitespace", "WhitespaceSplit", "UnicodeScripts"}) {
            KEYS.put("pre_tokenizer/" + plain, Map.of());
        }
        KEYS.put("pre_tokenizer/Sequence", Map.of("pretokenizers", Value.STEPS));
        KEYS.put("pre_tokenizer/ByteLevel", byteLevel);
        KEYS.put("pre_tokenizer/Digits", Map.of("individual_digits", Value.FLAG));
        KEYS.put("pre_tokenizer/Split", Map.of("pattern", Value.PATTERN, "behavior", Value.TEXT, "invert", Value.FLAG));
        KEYS.put("pre_tokenizer/Metaspace", metaspace);
        KEYS.put("pre_tokenizer/Punctuation", Map.of("behavior", Value.TEXT));
        KEYS.put("pre_tokenizer/CharDelimiterSplit", Map.of("delimiter", Value.TEXT));

        KEYS.put("decoder/Sequence", Map.of("decoders", Value.STEPS));
        KEYS.put("decoder/Replace", Map.of("pattern", Value.PATTERN, "content", Value.TEXT));
        KEYS.put("decoder/ByteFallback", Map.of());
        KEYS.put("decoder/Fuse", Map.of());
        KEYS.put("decoder/Strip", Map.of("content", Value.TEXT, "start", Value.COUNT, "stop", Value.COUNT));
        KEYS.put("decoder/ByteLevel", byteLevel);
        KEYS.put("decoder/Metaspace", metaspace);
    }

    private TokenizerSteps() {}

    /** The keys of a step beside {@code type}, or null if it is not understood. */
    static Map<String, Value> keys(String section, String type) {
        return KEYS.get(section + "/" + type);
    }

    /** Whether a value says nothing, so that it does not matter that its key is not known. */
    static boolean saysNothing(JsonNode value) {
        return value.isNull()
                || value.isBoolean() && !value.booleanValue()
                || value.isContainerNode() && value.isEmpty()
                || value.isTextual() && value.textValue().isEmpty();
    }

    /** By how much a step may at most multiply the characters of a text. */
    static double growth(JsonNode step) {
        return switch (step.path("type").asText()) {
            case "Prepend" -> 1 + length(step.path("prepend"));
            case "Metaspace" -> 2;
            // The longest compatibility decomposition has 18 characters, the longest canonical one 4, and UTF-8 4
            // bytes.
            case "NFKD", "NFKC" -> 18;
            case "NFD", "NFC", "ByteLevel" -> 4;
            case "Lowercase" -> 3;
            case "Replace" -> {
                JsonNode text = step.path("pattern").path("String");
                double replacement = length(step.path("content"));
                yield text.isTextual() ? Math.max(1, replacement / Math.max(1, length(text))) : 1 + replacement;
            }
            default -> 1;
        };
    }

    private static double length(JsonNode text) {
        String value = text.asText("");
        return value.codePointCount(0, value.length());
    }
}
