package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.espalier.error.Failure;

/**
 * Cuts long texts into parts that the library can take one by one, with the ids of the whole: between a letter of ASCII and
 * a space that another such letter follows, where it is certain that no token goes across. The library and its expressions
 * need memory, and steps back, in proportion to the longest run of one kind of character; a text of 11 million blanks ends
 * the process.
 */
final class TextCuts {

    /** What is known of a tokenizer's steps. */
    private enum Place {
        /** A space begins a word. */
        WORDS,
        /** A space before a text is put there by the tokenizer, so that the one at the cut goes. */
        PREFIXED,
        NOWHERE
    }

    private static final Set<String> LOCAL_NORMALIZERS = Set.of("Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase");
    private static final Set<String> LOCAL_CUTS = Set.of(
            "Sequence", "ByteLevel", "Digits", "Split", "Punctuation", "Whitespace", "WhitespaceSplit", "Metaspace");
    private static final char SPACE = '▁';

    /** Texts are cut as soon as they are longer. */
    private static final int SHORT = 1 << 16;
    /** Words are cut where nothing says that they may be, because no text has any that long. */
    private static final int LONGEST_WORD = 1 << 20;
    /** Characters of a text that the library may have at once. */
    private static final int LARGEST = 1 << 24;

    private final Place place;
    private final int longest;
    private final String where;

    /** @param document as the library gets it */
    TextCuts(JsonNode document, double growth, String where) {
        this.place = place(document);
        int largest = (int) (LARGEST / growth);
        this.longest = place == Place.WORDS ? Math.min(LONGEST_WORD, largest) : largest;
        this.where = where;
    }

    private static Place place(JsonNode document) {
        if (spansWords(document)) {
            return Place.NOWHERE;
        }
        JsonNode normalizer = document.path("normalizer");
        JsonNode cuts = document.path("pre_tokenizer");
        if (isPrefix(normalizer) && cuts.isNull()) {
            return Place.PREFIXED;
        }
        boolean local = all(normalizer, LOCAL_NORMALIZERS) || isEscape(normalizer);
        return local && all(cuts, LOCAL_CUTS) && endsWords(cuts) ? Place.WORDS : Place.NOWHERE;
    }

    /** Whether some token goes on from a letter to a space; in byte-level vocabularies a space has another name. */
    private static boolean spansWords(JsonNode document) {
        List<String> tokens = new ArrayList<>();
        JsonNode vocabulary = document.path("model").path("vocab");
        vocabulary.properties().forEach(entry -> tokens.add(entry.getKey()));
        document.path("added_tokens")
                .forEach(token -> tokens.add(
                        token.path("content").asText() + (token.path("rstrip").asBoolean() ? " " : "")));
        return !vocabulary.isObject() || tokens.stream().anyMatch(TextCuts::goesOn);
    }

    private static boolean goesOn(String token) {
        for (int i = 1; i < token.length(); i++) {
            char c = token.charAt(i);
            if ((c == ' ' || c == SPACE) && isLetter(token.charAt(i - 1))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isPrefix(JsonNode normalizer) {
        JsonNode steps = normalizer.path("normalizers");
        return steps.size() == 2
                && steps.path(0).path("prepend").asText().equals(String.valueOf(SPACE))
                && isEscape(steps.path(1));
    }

    private static boolean isEscape(JsonNode step) {
        return step.path("type").asText().equals("Replace")
                && step.path("pattern").path("String").asText().equals(" ")
                && step.path("content").asText().equals(String.valueOf(SPACE));
    }

    private static boolean all(JsonNode step, Set<String> types) {
        if (step.isNull()) {
            return true;
        }
        boolean known = types.contains(step.path("type").asText());
        JsonNode regex = step.path("pattern").path("Regex");
        known &= step.path("pattern").isMissingNode() || regex.isTextual() && Expressions.isKnown(regex.asText());
        for (String key : new String[] {"normalizers", "pretokenizers"}) {
            for (JsonNode member : step.path(key)) {
                known &= all(member, types);
            }
        }
        return known;
    }

    /** Whether some step certainly cuts before a space. */
    private static boolean endsWords(JsonNode step) {
        for (JsonNode member : step.path("pretokenizers")) {
            if (endsWords(member)) {
                return true;
            }
        }
        return switch (step.path("type").asText()) {
            case "ByteLevel" -> step.path("use_regex").asBoolean(true);
            case "Split" ->
                Expressions.endsWords(step.path("pattern").path("Regex").asText());
            // No token of the vocabulary goes across, and the space makes another one before the part needless.
            case "Metaspace" -> step.path("replacement").asText().equals(String.valueOf(SPACE));
            default -> false;
        };
    }

    /**
     * The parts of a text.
     *
     * @throws Failure if one is too long, and there is no place to cut it
     */
    List<String> cut(String text) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        while (text.length() - start > SHORT) {
            int at = next(text, start);
            parts.add(text.substring(start, at));
            start = place == Place.PREFIXED && at < text.length() ? at + 1 : at;
        }
        if (start < text.length() || parts.isEmpty()) {
            parts.add(text.substring(start));
        }
        return parts;
    }

    private int next(String text, int start) {
        long last = Math.min((long) start + longest, text.length());
        for (int i = start + SHORT; place != Place.NOWHERE && i < last; i++) {
            if (i + 1 < text.length()
                    && text.charAt(i) == ' '
                    && isLetter(text.charAt(i - 1))
                    && isLetter(text.charAt(i + 1))) {
                return i;
            }
        }
        if (last < text.length() && place != Place.WORDS) {
            throw new Failure(
                    "text of " + text.length() + " characters has " + longest
                            + " without a place where it may be cut for this tokenizer",
                    where,
                    "use a text with words and spaces between them");
        }
        int end = (int) last;
        return end < text.length() && Character.isLowSurrogate(text.charAt(end)) ? end - 1 : end;
    }

    private static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }
}
