package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;

/**
 * The ids around every text, out of the {@code post_processor} of a {@code tokenizer.json}. They are put there in Java: the
 * library ends the process at a template that does not fit its texts.
 *
 * @param before ids before a text
 * @param after  ids behind it
 */
record Frame(List<Integer> before, List<Integer> after) {

    private static final String TEMPLATE = "TemplateProcessing";

    Frame {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /**
     * @param processor whose steps are known and whose special tokens have ids
     * @throws Failure if there are several templates, or one does not hold one text once
     */
    static Frame of(JsonNode processor, String place) {
        List<JsonNode> templates = new ArrayList<>();
        collect(processor, templates);
        if (templates.size() > 1) {
            throw malformed("several templates follow each other", place);
        }
        return templates.isEmpty() ? new Frame(List.of(), List.of()) : ofTemplate(templates.getFirst(), place);
    }

    private static void collect(JsonNode processor, List<JsonNode> templates) {
        if (processor.path("type").asText().equals(TEMPLATE)) {
            templates.add(processor);
        }
        processor.path("processors").forEach(step -> collect(step, templates));
    }

    private static Frame ofTemplate(JsonNode template, String place) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        boolean afterText = false;
        for (JsonNode part : template.path("single")) {
            JsonNode sequence = part.path("Sequence").path("id");
            JsonNode special = part.path("SpecialToken").path("id");
            if (sequence.asText().equals("A") && !afterText) {
                afterText = true;
            } else if (special.isTextual()) {
                List<Integer> ids = afterText ? after : before;
                template.path("special_tokens")
                        .path(special.asText())
                        .path("ids")
                        .forEach(id -> ids.add(id.intValue()));
            } else {
                throw malformed("template for one text holds something else than special tokens and the text", place);
            }
        }
        if (!afterText) {
            throw malformed("template for one text leaves it out", place);
        }
        return new Frame(before, after);
    }

    /** {@code ids} with what stands around them. */
    int[] around(int[] ids) {
        int[] framed = new int[before.size() + ids.length + after.size()];
        int at = 0;
        for (int id : before) {
            framed[at++] = id;
        }
        System.arraycopy(ids, 0, framed, at, ids.length);
        at += ids.length;
        for (int id : after) {
            framed[at++] = id;
        }
        return framed;
    }

    private static Failure malformed(String complaint, String place) {
        return new Failure("not a usable tokenizer: " + complaint, place, TokenizerJson.ADVICE);
    }
}
