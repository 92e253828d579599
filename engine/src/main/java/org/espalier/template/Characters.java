package org.espalier.template;

import java.util.function.IntPredicate;

/** Characters as Python sorts them, and texts as sequences of code points. */
final class Characters {

    private Characters() {}

    /** What {@code str.isspace} and {@code \s} take for a blank. */
    static boolean isBlank(int c) {
        if (c < 0x80) {
            return c == ' ' || c >= 0x09 && c <= 0x0d || c >= 0x1c && c <= 0x1f;
        }
        return c == 0x85 || c == 0xa0 || Character.isSpaceChar(c);
    }

    /** Whether a character can be part of a name. */
    static boolean isNamePart(int c) {
        return c == '_'
                || Character.isLetterOrDigit(c)
                || c >= 0x80 && Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
    }

    /** Whether there are only blanks from {@code start} on. */
    static boolean isBlank(String text, int start) {
        return skipBlanks(text, start) == text.length();
    }

    static int skipBlanks(String text, int start) {
        int i = start;
        while (i < text.length() && isBlank(text.charAt(i))) {
            i++;
        }
        return i;
    }

    static String strip(String text, boolean left, boolean right) {
        return strip(text, Characters::isBlank, left, right);
    }

    /** {@code text} without the characters at its ends that go. */
    static String strip(String text, IntPredicate goes, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && goes.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && goes.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    /** How many characters Python counts in a text. */
    static int count(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The index in Java's text of a character that Python counts. */
    static int offset(String text, int character) {
        return isPlain(text) ? character : text.offsetByCodePoints(0, character);
    }

    /** Whether every character of a text is one of Java's. */
    static boolean isPlain(String text) {
        return count(text) == text.length();
    }

    /** The part of a text between two characters that Python counts. */
    static String between(String text, int start, int end) {
        if (start >= end) {
            return "";
        }
        if (isPlain(text)) {
            return text.substring(start, end);
        }
        int first = text.offsetByCodePoints(0, start);
        return text.substring(first, text.offsetByCodePoints(first, end - start));
    }

    /** Python orders texts by code points. */
    static int compare(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean pairs = Character.isSurrogate(x) && Character.isSurrogate(y);
                return pairs || !Character.isSurrogate(x) && !Character.isSurrogate(y)
                        ? x - y
                        : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return a.length() - b.length();
    }
}
