package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/** Whether a {@code post_processor} is understood, and every special token that it names has ids of the vocabulary. */
final class FrameCheck {

    private static final Set<String> KNOWN = Set.of("Sequence", "TemplateProcessing", "ByteLevel");

    private final int vocabularySize;
    private final String place;

    FrameCheck(int vocabularySize, String place) {
        this.vocabularySize = vocabularySize;
        this.place = place;
    }

    /** @throws Failure if the processor is unknown or contradicts itself */
    void require(JsonNode processor) {
        if (processor.isMissingNode() || processor.isNull()) {
            return;
        }
        String type = processor.path("type").asText("");
        if (!KNOWN.contains(type)) {
            throw new Failure(
                    "post_processor of the kind " + Printable.quoted(type) + " cannot be used",
                    place,
                    "use a model with another tokenizer");
        }
        if (type.equals("Sequence") && !processor.path("processors").isArray()
                || type.equals("TemplateProcessing")
                        && !processor.path("single").isArray()) {
            throw malformed("post_processor has no steps");
        }
        processor.path("processors").forEach(this::require);
        if (type.equals("TemplateProcessing")) {
            requireTemplate(processor);
        }
    }

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

    private Failure malformed(String complaint) {
        return new Failure("not a usable tokenizer: " + complaint, place, TokenizerJson.ADVICE);
    }
}
