package org.espalier.text;

import org.espalier.error.Failure;
import org.espalier.error.Printable;

/** Texts of whole characters: halves of surrogate pairs stand for no character, and the library takes characters only. */
final class WholeText {

    private WholeText() {}

    /** The place of the first half that stands alone, or -1. */
    private static int half(String text, int start) {
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            return i;
        }
        return -1;
    }

    /** {@code text} with U+FFFD where a half was. */
    static String repaired(String text) {
        int half = half(text, 0);
        if (half < 0) {
            return text;
        }
        StringBuilder repaired = new StringBuilder(text);
        for (; half >= 0; half = half(text, half + 1)) {
            repaired.setCharAt(half, '\uFFFD');
        }
        return repaired.toString();
    }

    /** @throws Failure if there is a half in {@code text} */
    static String require(String text, String place) {
        if (half(text, 0) >= 0) {
            throw new Failure(
                    "not a usable tokenizer: half a character in " + Printable.quoted(repaired(text)),
                    place,
                    "fetch or write the file again");
        }
        return text;
    }
}
