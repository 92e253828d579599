package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * What is asked of a tokenizer's document once its library runs; the document itself takes several times the memory.
 *
 * @param ids   by token, special or not
 * @param size  the largest id and one
 * @param frame the ids around every text
 * @param bytes by id: of a text that a token stands for
 */
record Vocabulary(Map<String, Integer> ids, int size, Frame frame, int[] bytes) {

    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-F]{2}>");

    static Vocabulary of(TokenizerJson json) {
        return new Vocabulary(json.ids(), json.vocabularySize(), json.frame(), bytes(json));
    }

    /** As {@link Tokenizer#idsIn}. */
    Optional<int[]> idsIn(Vocabulary larger, int rows, int other) {
        int[] found = new int[rows];
        Arrays.fill(found, -1);
        BitSet free = new BitSet();
        free.set(0, other);
        larger.ids.values().forEach(free::clear);
        for (Map.Entry<String, Integer> token : ids.entrySet()) {
            int there = larger.ids.getOrDefault(token.getKey(), other);
            if (token.getValue() < rows) {
                if (there >= other) {
                    return Optional.empty();
                }
                found[token.getValue()] = there;
            }
        }
        for (int id = 0; id < rows; id++) {
            if (found[id] < 0) {
                found[id] = free.nextSetBit(0);
                if (found[id] < 0) {
                    return Optional.empty();
                }
                free.clear(found[id]);
            }
        }
        return Optional.of(found);
    }

    private static int[] bytes(TokenizerJson json) {
        ObjectNode document = json.written();
        boolean byteLevel = document.path("decoder").findValuesAsText("type").contains("ByteLevel");
        int[] bytes = new int[json.vocabularySize()];
        json.ids().forEach((token, id) -> bytes[id] = byteLevel ? token.length() : bytes(token));
        for (JsonNode token : document.path("added_tokens")) {
            bytes[token.path("id").intValue()] = utf8(token.path("content").textValue());
        }
        return bytes;
    }

    private static int bytes(String piece) {
        return BYTE.matcher(piece).matches() ? 1 : utf8(piece.replace(VocabularyFile.SPACE, " "));
    }

    private static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** The id of a token, special or not. */
    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
