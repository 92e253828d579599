package org.espalier.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Texts cut into parts and put together from them. */
final class TextParts {

    private TextParts() {}

    static Tuple three(String a, String b, String c) {
        return new Tuple(Lists.of(a, b, c));
    }

    /** What lies before and after a part. */
    static Tuple around(String text, int index, String part) {
        return three(text.substring(0, index), part, text.substring(index + part.length()));
    }

    /**
     * The parts between separators.
     *
     * @param separator null for blanks, of which any number separates
     * @param most      separators to look at, from the left; negative for all
     */
    static List<Object> split(String text, String separator, int most, Budget budget) {
        List<Object> parts = new ArrayList<>();
        if (separator == null) {
            splitAtBlanks(text, most, parts, budget);
            return parts;
        }
        budget.search(text, separator);
        int start = 0;
        for (int i = next(text, separator, 0, most, 0); i >= 0; i = next(text, separator, start, most, parts.size())) {
            budget.items(1);
            parts.add(text.substring(start, i));
            start = i + separator.length();
        }
        budget.characters(text.length());
        parts.add(text.substring(start));
        return parts;
    }

    private static int next(String text, String separator, int start, int most, int found) {
        return most >= 0 && found >= most ? -1 : text.indexOf(separator, start);
    }

    private static void splitAtBlanks(String text, int most, List<Object> parts, Budget budget) {
        budget.characters(text.length());
        int start = Characters.skipBlanks(text, 0);
        while (start < text.length()) {
            budget.items(1);
            if (most >= 0 && parts.size() >= most) {
                parts.add(text.substring(start));
                return;
            }
            int end = start;
            while (end < text.length() && !Characters.isBlank(text.charAt(end))) {
                end++;
            }
            parts.add(text.substring(start, end));
            start = Characters.skipBlanks(text, end);
        }
    }

    /** As {@link #split}, but looking at the last separators. */
    static List<Object> splitFromRight(String text, String separator, int most, Budget budget) {
        if (most < 0) {
            return split(text, separator, most, budget);
        }
        List<Object> parts = new ArrayList<>();
        budget.characters(text.length());
        if (separator == null) {
            splitAtLastBlanks(text, most, parts, budget);
        } else {
            budget.search(text, separator);
            int end = text.length();
            for (int i = text.lastIndexOf(separator); i >= 0 && parts.size() < most; ) {
                budget.items(1);
                parts.add(text.substring(i + separator.length(), end));
                end = i;
                i = i < separator.length() ? -1 : text.lastIndexOf(separator, i - separator.length());
            }
            parts.add(text.substring(0, end));
        }
        Collections.reverse(parts);
        return parts;
    }

    private static void splitAtLastBlanks(String text, int most, List<Object> parts, Budget budget) {
        String rest = Characters.strip(text, false, true);
        while (!rest.isEmpty()) {
            budget.items(1);
            if (parts.size() >= most) {
                parts.add(rest);
                return;
            }
            int start = rest.length();
            while (start > 0 && !Characters.isBlank(rest.charAt(start - 1))) {
                start--;
            }
            parts.add(rest.substring(start));
            budget.characters(start);
            rest = Characters.strip(rest.substring(0, start), false, true);
        }
    }

    /** The lines of a text, as Python separates them. */
    static List<Object> lines(String text, boolean keepEnds, Budget budget) {
        budget.characters(text.length());
        List<Object> lines = new ArrayList<>();
        int start = 0;
        while (start < text.length()) {
            int end = start;
            while (end < text.length() && !endsLine(text.charAt(end))) {
                end++;
            }
            int next = Math.min(text.length(), end + (text.startsWith("\r\n", end) ? 2 : 1));
            budget.items(1);
            lines.add(text.substring(start, keepEnds ? next : end));
            start = next;
        }
        return lines;
    }

    private static boolean endsLine(char c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** @param most of the parts to replace, from the left; negative for all */
    static String replace(String text, String old, String replacement, int most, Budget budget) {
        budget.characters(text.length());
        if (old.isEmpty()) {
            return spread(text, replacement, most, budget);
        }
        budget.search(text, old);
        StringBuilder out = new StringBuilder(text.length());
        int start = 0;
        int done = 0;
        for (int i = next(text, old, 0, most, 0); i >= 0; i = next(text, old, start, most, done)) {
            budget.characters(replacement.length());
            out.append(text, start, i).append(replacement);
            start = i + old.length();
            done++;
        }
        return done == 0 ? text : out.append(text, start, text.length()).toString();
    }

    /** An empty text is found before every character and at the end. */
    private static String spread(String text, String replacement, int most, Budget budget) {
        StringBuilder out = new StringBuilder();
        int done = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            if (most < 0 || done < most) {
                budget.characters(replacement.length());
                out.append(replacement);
                done++;
            }
            out.appendCodePoint(text.codePointAt(i));
        }
        return most < 0 || done < most ? out.append(replacement).toString() : out.toString();
    }

    static String expandTabs(String text, int size, Budget budget) {
        budget.characters(text.length());
        StringBuilder out = new StringBuilder();
        long column = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            if (c == '\t') {
                int blanks = size > 0 ? (int) (size - column % size) : 0;
                budget.characters(blanks);
                out.repeat(' ', blanks);
                column += blanks;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toString();
    }
}
