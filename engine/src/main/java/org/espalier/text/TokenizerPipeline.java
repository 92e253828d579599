package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/**
 * The steps around the model of a {@code tokenizer.json}: every one must be understood, and must not ask for what the
 * library that runs it meets by ending the process. What the library gets is written anew from what was understood.
 */
final class TokenizerPipeline {

    static final String ADVICE = "fetch or write the file again";

    /** Above what any published tokenizer does to a text by far. */
    private static final double LARGEST_GROWTH = 1000;

    private final String place;
    private double growth = 1;
    private boolean unknownExpressions;

    TokenizerPipeline(String place) {
        this.place = place;
    }

    /**
     * Writes the steps of {@code document} anew.
     *
     * @throws Failure if one is unknown or contradicts itself
     */
    void copy(JsonNode document, ObjectNode out) {
        for (String section : new String[] {"normalizer", "pre_tokenizer", "decoder"}) {
            double before = growth;
            growth = section.equals("decoder") ? 1 : growth;
            out.putNull(section);
            if (isThere(document.path(section))) {
                out.set(section, step(document.path(section), section));
            }
            growth = Math.max(before, growth);
        }
    }

    /** By how much the steps may at most multiply the characters of a text. */
    double growth() {
        return growth;
    }

    /** Whether there are expressions that are not known to be quick. */
    boolean hasUnknownExpressions() {
        return unknownExpressions;
    }

    private static boolean isThere(JsonNode node) {
        return !node.isMissingNode() && !node.isNull();
    }

    private ObjectNode step(JsonNode step, String section) {
        String type = step.path("type").asText("");
        Map<String, TokenizerSteps.Value> keys = TokenizerSteps.keys(section, type);
        if (keys == null) {
            throw new Failure(
                    section + " of the kind " + Printable.quoted(type) + " cannot be used",
                    place,
                    "use a model with another tokenizer");
        }
        ObjectNode copy = TokenizerParts.typed(type);
        step.properties().forEach(entry -> {
            String name = section + "." + type + "." + entry.getKey();
            TokenizerSteps.Value kind = keys.get(entry.getKey());
            if (kind != null && !entry.getValue().isNull()) {
                copy.set(entry.getKey(), value(entry.getValue(), kind, section, name));
            } else if (!entry.getKey().equals("type") && !TokenizerSteps.saysNothing(entry.getValue())) {
                throw malformed(Printable.quoted(name) + " is not known");
            }
        });
        requireHarmless(copy, type, section);
        grow(copy, section);
        return copy;
    }

    private JsonNode value(JsonNode value, TokenizerSteps.Value kind, String section, String name) {
        boolean fits = switch (kind) {
            case FLAG -> value.isBoolean();
            case TEXT -> value.isTextual();
            case COUNT -> value.isIntegralNumber() && value.canConvertToInt() && value.intValue() >= 0;
            case PATTERN -> value.isObject();
            case STEPS -> value.isArray();
        };
        if (!fits) {
            throw malformed(Printable.quoted(name) + " is not " + kind.description());
        }
        return switch (kind) {
            case FLAG, COUNT -> value;
            case TEXT -> Json.object().textNode(WholeText.require(value.textValue(), place));
            case PATTERN -> pattern(value, section);
            case STEPS -> steps(value, section);
        };
    }

    private ArrayNode steps(JsonNode steps, String section) {
        ArrayNode copy = Json.object().arrayNode();
        steps.forEach(step -> copy.add(step(step, section)));
        return copy;
    }

    private ObjectNode pattern(JsonNode pattern, String section) {
        JsonNode text = pattern.path("String");
        JsonNode regex = pattern.path("Regex");
        String sought = text.asText(regex.asText(""));
        if (sought.isEmpty()) {
            throw malformed(section + " seeks an empty pattern");
        }
        WholeText.require(sought, place);
        if (text.isTextual() == regex.isTextual()) {
            throw malformed(section + " seeks neither a text nor an expression");
        }
        if (regex.isTextual() && !Expressions.isKnown(sought)) {
            Expressions.requireBounded(sought, place);
            unknownExpressions = true;
        }
        return Json.object().put(text.isTextual() ? "String" : "Regex", sought);
    }

    private void requireHarmless(ObjectNode step, String type, String section) {
        // An empty text would leave the library with a count of characters that is wrong by one.
        if (type.equals("Prepend") && step.path("prepend").asText("").isEmpty()) {
            throw malformed("normalizer puts an empty text in front");
        }
        // The decoder counts characters from the end without looking whether there are as many.
        if (section.equals("decoder")
                && type.equals("Strip")
                && step.path("stop").asLong(0) != 0) {
            throw malformed("decoder takes characters away from the end of tokens");
        }
    }

    private void grow(ObjectNode step, String section) {
        growth *= TokenizerSteps.growth(step);
        if (growth > LARGEST_GROWTH) {
            throw malformed("the steps up to this " + section + " may make a text more than " + (int) LARGEST_GROWTH
                    + " times as long");
        }
    }

    private Failure malformed(String complaint) {
        return new Failure("not a usable tokenizer: " + complaint, place, ADVICE);
    }
}
