package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.file.Printable;

/**
 * The steps around the model of a {@code tokenizer.json}: every one must be known, and must not ask for what the library
 * that runs it meets by ending the process.
 */
final class TokenizerPipeline {

    static final String ADVICE = "fetch or write the file again";

    private static final Map<String, Set<String>> KNOWN = Map.of(
            "normalizer",
                    Set.of(
                            "Sequence",
                            "NFC",
                            "NFD",
                            "NFKC",
                            "NFKD",
                            "Lowercase",
                            "StripAccents",
                            "Strip",
                            "Prepend",
                            "Replace",
                            "ByteLevel",
                            "Nmt"),
            "pre_tokenizer",
                    Set.of(
                            "Sequence",
                            "ByteLevel",
                            "Digits",
                            "Split",
                            "Metaspace",
                            "Whitespace",
                            "WhitespaceSplit",
                            "Punctuation",
                            "CharDelimiterSplit",
                            "UnicodeScripts"),
            "post_processor", Set.of("Sequence", "TemplateProcessing", "ByteLevel"),
            "decoder", Set.of("Sequence", "Replace", "ByteFallback", "Fuse", "Strip", "ByteLevel", "Metaspace"));
    private static final Set<String> MEMBERS = Set.of("normalizers", "pretokenizers", "processors", "decoders");

    private final int vocabularySize;
    private final String place;

    TokenizerPipeline(int vocabularySize, String place) {
        this.vocabularySize = vocabularySize;
        this.place = place;
    }

    /** @throws Failure if a section of {@code document} is unknown or contradicts itself */
    void require(JsonNode document) {
        for (Map.Entry<String, Set<String>> section : KNOWN.entrySet()) {
            JsonNode step = document.path(section.getKey());
            if (!step.isMissingNode() && !step.isNull()) {
                requireStep(step, section.getKey(), section.getValue());
            }
        }
    }

    private void requireStep(JsonNode step, String section, Set<String> known) {
        String type = step.path("type").asText("");
        if (!known.contains(type)) {
            throw new Failure(
                    section + " of the kind " + Printable.quoted(type) + " cannot be used",
                    place,
                    "use a model with another tokenizer");
        }
        switch (type) {
            case "Sequence" -> requireSequence(step, section, known);
            case "Replace", "Split" -> requirePattern(step.path("pattern"), section);
            case "Prepend" -> requireSomethingBefore(step);
            case "TemplateProcessing" -> requireTemplate(step);
            case "Strip" -> requireNothingBehind(step);
            default -> {}
        }
    }

    private void requireSequence(JsonNode sequence, String section, Set<String> known) {
        for (String key : MEMBERS) {
            for (JsonNode step : sequence.path(key)) {
                requireStep(step, section, known);
            }
        }
    }

    private void requirePattern(JsonNode pattern, String section) {
        String text = pattern.path("String").asText(pattern.path("Regex").asText(""));
        if (text.isEmpty()) {
            throw malformed(section + " seeks an empty pattern");
        }
    }

    /** An empty text would leave the library with a count of characters that is wrong by one. */
    private void requireSomethingBefore(JsonNode prepend) {
        if (prepend.path("prepend").asText("").isEmpty()) {
            throw malformed("normalizer puts an empty text in front");
        }
    }

    /** Every special token that the template names must be defined. */
    private void requireTemplate(JsonNode template) {
        JsonNode specials = template.path("special_tokens");
        specials.properties().forEach(entry -> requireSpecial(entry.getKey(), entry.getValue()));
        for (String key : new String[] {"single", "pair"}) {
            for (JsonNode part : template.path(key)) {
                JsonNode id = part.path("SpecialToken").path("id");
                if (!id.isMissingNode() && !specials.has(id.asText())) {
                    throw malformed("template names the special token " + Printable.quoted(id.asText())
                            + ", which it does not define");
                }
            }
        }
    }

    private void requireSpecial(String name, JsonNode special) {
        JsonNode ids = special.path("ids");
        if (ids.size() != special.path("tokens").size()) {
            throw malformed("special token " + Printable.quoted(name) + " has not as many ids as tokens");
        }
        for (JsonNode id : ids) {
            if (!id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= vocabularySize) {
                throw malformed("special token " + Printable.quoted(name) + " has an id that is not in the vocabulary");
            }
        }
    }

    /** The decoder counts characters from the end without looking whether there are as many. */
    private void requireNothingBehind(JsonNode strip) {
        if (strip.path("stop").asLong(0) != 0) {
            throw malformed("decoder takes characters away from the end of tokens");
        }
    }

    private Failure malformed(String complaint) {
        return new Failure("not a usable tokenizer: " + complaint, place, ADVICE);
    }
}
