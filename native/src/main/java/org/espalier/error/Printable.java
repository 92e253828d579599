package org.espalier.error;

import java.util.function.IntPredicate;

/**
 * Texts as they may stand in a message or on a terminal. What comes from files can hold characters that move the cursor,
 * change colours, start a line of their own or turn the direction of writing, and can be megabytes long.
 */
public final class Printable {

    private static final int LONGEST_NAME = 80;
    private static final int LONGEST_CELL = 300;
    private static final int LONGEST_LINE = 2000;

    private Printable() {}

    /** {@code name} in quotes on one line, cut after 80 characters. */
    public static String quoted(String name) {
        int end = name.codePointCount(0, name.length()) > LONGEST_NAME
                ? name.offsetByCodePoints(0, LONGEST_NAME)
                : name.length();
        return "'" + escaped(name.substring(0, end), Printable::isUnseen) + (end < name.length() ? "…'" : "'");
    }

    /** {@code text} on one line; of a long one the first and the last 150 characters. */
    public static String cell(String text) {
        return escaped(shortened(text, LONGEST_CELL), Printable::isUnseen);
    }

    /** {@code text} on one line; of a very long one the first and the last 1,000 characters. */
    public static String line(String text) {
        return escaped(shortened(text, LONGEST_LINE), Printable::isUnseen);
    }

    /** {@code text} with its line breaks and tabs, of any length. */
    public static String lines(String text) {
        return escaped(text, c -> isControl(c) && c != '\n' && c != '\t');
    }

    /** {@code name} as it is recorded in files: of any length, its control characters escaped. */
    public static String recorded(String name) {
        return escaped(name, Character::isISOControl);
    }

    /** {@code json} as the same JSON: all that it has outside of strings are characters that are seen. */
    public static String json(String json) {
        return escaped(json, Printable::isControl);
    }

    /**
     * Whether a character of a running text acts on a terminal or turns its direction: control characters, line and
     * paragraph separators, embeddings and overrides of the direction, halves of pairs. Joiners, which scripts and emoji
     * need, do not count.
     */
    public static boolean isControl(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                true;
            case Character.FORMAT ->
                codePoint >= 0x202A && codePoint <= 0x202E || codePoint >= 0x2066 && codePoint <= 0x2069;
            default -> false;
        };
    }

    /** As above, or any other that is not seen: two names must not look the same. */
    private static boolean isUnseen(int codePoint) {
        return Character.getType(codePoint) == Character.FORMAT || isControl(codePoint);
    }

    /** {@code text} without its middle if it is very long, as {@link #line}. */
    public static String shortened(String text) {
        return shortened(text, LONGEST_LINE);
    }

    /** Only what is longer than {@code most} characters is shortened, in its middle. */
    static String shortened(String text, int most) {
        int count = text.codePointCount(0, text.length());
        return count <= most
                ? text
                : text.substring(0, text.offsetByCodePoints(0, most / 2)) + "…"
                        + text.substring(text.offsetByCodePoints(text.length(), -most / 2));
    }

    private static String escaped(String text, IntPredicate escape) {
        if (text.codePoints().noneMatch(escape)) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(codePoint -> {
            if (escape.test(codePoint)) {
                for (char unit : Character.toChars(codePoint)) {
                    out.append("\\u%04x".formatted((int) unit));
                }
            } else {
                out.appendCodePoint(codePoint);
            }
        });
        return out.toString();
    }
}
