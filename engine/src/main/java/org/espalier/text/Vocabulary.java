package org.espalier.text;

import java.util.Map;
import java.util.OptionalInt;

/**
 * What is asked of a tokenizer's document once its library runs; the document itself takes several times the memory.
 *
 * @param ids   by token, special or not
 * @param size  the largest id and one
 * @param frame the ids around every text
 */
record Vocabulary(Map<String, Integer> ids, int size, Frame frame) {

    static Vocabulary of(TokenizerJson json) {
        return new Vocabulary(json.ids(), json.vocabularySize(), json.frame());
    }

    /** The id of a token, special or not. */
    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
