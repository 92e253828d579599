package org.espalier.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.espalier.file.Json;

/** The parts out of which a {@code tokenizer.json} is put together, in Hugging Face's form. */
final class TokenizerParts {

    private TokenizerParts() {}

    /** A special token to be added around every text. */
    record Special(String token, int id) {}

    /** A document with every section, each empty, and the given model. */
    static ObjectNode document(ObjectNode model) {
        ObjectNode document =
                Json.object().put("version", "1.0").putNull("truncation").putNull("padding");
        document.putArray("added_tokens");
        document.putNull("normalizer")
                .putNull("pre_tokenizer")
                .putNull("post_processor")
                .putNull("decoder");
        document.set("model", model);
        return document;
    }

    static ObjectNode bpe() {
        return typed("BPE")
                .putNull("dropout")
                .putNull("unk_token")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
    }

    /** @param special whether decoding may leave it out */
    static ObjectNode addedToken(int id, String content, boolean special) {
        return Json.object()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    static ObjectNode typed(String type) {
        return Json.object().put("type", type);
    }

    static ObjectNode sequence(String key, List<ObjectNode> members) {
        ObjectNode sequence = typed("Sequence");
        sequence.putArray(key).addAll(members);
        return sequence;
    }

    /** @param useRegex whether GPT-2's expression splits the text */
    static ObjectNode byteLevel(boolean addPrefixSpace, boolean useRegex) {
        return typed("ByteLevel")
                .put("add_prefix_space", addPrefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }

    static ObjectNode split(String regex) {
        ObjectNode split = typed("Split");
        split.putObject("pattern").put("Regex", regex);
        return split.put("behavior", "Isolated").put("invert", false);
    }

    static ObjectNode replace(String pattern, String content) {
        ObjectNode replace = typed("Replace");
        replace.putObject("pattern").put("String", pattern);
        return replace.put("content", content);
    }

    /** {@code before}, the text, {@code after}; the same for each of two texts. */
    static ObjectNode template(List<Special> before, List<Special> after) {
        ObjectNode template = typed("TemplateProcessing");
        around(template.putArray("single"), "A", 0, before, after);
        ArrayNode pair = template.putArray("pair");
        around(pair, "A", 0, before, after);
        around(pair, "B", 1, before, after);
        ObjectNode specials = template.putObject("special_tokens");
        before.forEach(s -> define(specials, s));
        after.forEach(s -> define(specials, s));
        return template;
    }

    private static void around(ArrayNode out, String text, int typeId, List<Special> before, List<Special> after) {
        before.forEach(s ->
                out.addObject().putObject("SpecialToken").put("id", s.token()).put("type_id", typeId));
        out.addObject().putObject("Sequence").put("id", text).put("type_id", typeId);
        after.forEach(s ->
                out.addObject().putObject("SpecialToken").put("id", s.token()).put("type_id", typeId));
    }

    private static void define(ObjectNode specials, Special special) {
        ObjectNode defined = specials.putObject(special.token()).put("id", special.token());
        defined.putArray("ids").add(special.id());
        defined.putArray("tokens").add(special.token());
    }
}
