package org.espalier.template;

import java.util.Locale;
import java.util.function.IntPredicate;

/** Large and small letters as Python changes them. */
final class Letters {

    private Letters() {}

    static boolean isDecimal(int c) {
        return Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
    }

    /** Digits, also raised ones and those in circles. */
    static boolean isDigit(int c) {
        boolean raised = c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 || c >= 0x2074 && c <= 0x2079;
        return isDecimal(c) || raised || c >= 0x2080 && c <= 0x2089 || c >= 0x2460 && c <= 0x2468;
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    private static String upper(int c) {
        return Character.toString(c).toUpperCase(Locale.ROOT);
    }

    private static String lower(int c) {
        return Character.toString(c).toLowerCase(Locale.ROOT);
    }

    /** As the first letter of a word. */
    private static String title(int c) {
        int single = Character.toTitleCase(c);
        String upper = upper(c);
        return single != c || upper.length() == 1
                ? Character.toString(single)
                : upper.substring(0, 1) + upper.substring(1).toLowerCase(Locale.ROOT);
    }

    static String folded(String text) {
        return text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }

    static String capitalized(String text) {
        if (text.isEmpty()) {
            return "";
        }
        int first = text.codePointAt(0);
        return title(first) + text.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
    }

    /** Every letter after one that is none begins a word. */
    static String titled(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inside = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            out.append(inside ? lower(c) : title(c));
            inside = isCased(c);
        }
        return out.toString();
    }

    static String swapped(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (Character.isUpperCase(c)) {
                out.append(lower(c));
            } else if (Character.isLowerCase(c)) {
                out.append(upper(c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    /** Whether there are letters that have a case, all of that one. */
    static boolean allCased(String text, IntPredicate wanted) {
        return text.codePoints().anyMatch(Letters::isCased)
                && text.codePoints().filter(Letters::isCased).allMatch(wanted);
    }

    static boolean isTitled(String text) {
        boolean inside = false;
        boolean any = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            boolean begins = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (begins && inside || Character.isLowerCase(c) && !inside) {
                return false;
            }
            inside = isCased(c);
            any |= inside;
        }
        return any;
    }
}
