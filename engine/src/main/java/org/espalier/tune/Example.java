package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A text to learn from, in parts that count and parts that are only read.
 *
 * @param parts  in order
 * @param framed whether it stands between the tokens that begin and end a text; a chat template writes its own
 */
public record Example(List<Part> parts, boolean framed) {

    /**
     * A piece of the text.
     *
     * @param text   of any length
     * @param counts whether it is to be learnt
     */
    public record Part(String text, boolean counts) {}

    public Example {
        parts = List.copyOf(parts);
    }

    /** A text that counts as a whole. */
    public static Example text(String text) {
        return new Example(List.of(new Part(text, true)), true);
    }

    /** An answer that counts after a prompt that does not. */
    public static Example answer(String prompt, String answer) {
        return new Example(List.of(new Part(prompt, false), new Part(answer, true)), true);
    }

    /** The same text with what asks for an answer before the first part that counts, and without a frame. */
    Example asked(String asking) {
        List<Part> asked = new ArrayList<>(parts);
        int first = 0;
        while (first < parts.size() && !parts.get(first).counts()) {
            first++;
        }
        asked.add(first, new Part(asking, false));
        return new Example(asked, false);
    }

    /** All parts together. */
    String whole() {
        return parts.stream().map(Part::text).collect(Collectors.joining());
    }

    /** Whether anything counts. */
    boolean counts() {
        return parts.stream().anyMatch(p -> p.counts() && !p.text().isBlank());
    }

    /** Whether everything counts. */
    boolean countsWhole() {
        return parts.stream().allMatch(Part::counts);
    }
}
