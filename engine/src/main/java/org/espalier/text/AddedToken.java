package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A text that is one token wherever it stands, whatever the model's pieces are.
 *
 * @param content    the text
 * @param id         its id; {@link #NO_ID} where the file that names it leaves that to the vocabulary
 * @param singleWord whether it must stand between characters of no word
 * @param lstrip     whether white space before it belongs to it
 * @param rstrip     whether white space behind it belongs to it
 * @param normalized whether it is sought in the normalised text
 * @param special    whether decoding may leave it out
 */
record AddedToken(
        String content,
        int id,
        boolean singleWord,
        boolean lstrip,
        boolean rstrip,
        boolean normalized,
        boolean special) {

    static final int NO_ID = -1;

    /** One that takes no white space and stands anywhere; where nothing is said, special tokens are sought in the text as it is. */
    static AddedToken plain(String content, int id, boolean special) {
        return new AddedToken(content, id, false, false, false, !special, special);
    }

    /** One as {@code tokenizer.json} and {@code tokenizer_config.json} write it; flags that are absent are those of a plain one. */
    static AddedToken of(String content, int id, boolean special, JsonNode flags) {
        boolean isSpecial = flags.path("special").asBoolean(special);
        return new AddedToken(
                content,
                id,
                flags.path("single_word").asBoolean(false),
                flags.path("lstrip").asBoolean(false),
                flags.path("rstrip").asBoolean(false),
                flags.path("normalized").asBoolean(!isSpecial),
                isSpecial);
    }

    AddedToken withId(int id) {
        return new AddedToken(content, id, singleWord, lstrip, rstrip, normalized, special);
    }

    ObjectNode toJson() {
        return TokenizerParts.addedToken(id, content, special)
                .put("single_word", singleWord)
                .put("lstrip", lstrip)
                .put("rstrip", rstrip)
                .put("normalized", normalized);
    }
}
