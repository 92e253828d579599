package org.espalier.task;

/** White space as Python has it. */
final class Blanks {

    private Blanks() {}

    /** Characters of a text without the white space at its end. */
    static int withoutThoseAtTheEnd(String text) {
        int end = text.length();
        while (end > 0 && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    private static boolean isBlank(char c) {
        return c >= 0x09 && c <= 0x0d || c >= 0x1c && c <= 0x20 || c == 0x85 || Character.isSpaceChar(c);
    }
}
