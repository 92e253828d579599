package org.espalier.file;

/** Where characters begin among the bytes of UTF-8, asked for in rising order. */
final class Utf8Position {

    /** The first byte of a character outside the plane that takes one UTF-16 unit; it takes two. */
    private static final int TWO_UNITS = 0xF0;

    private final byte[] utf8;
    private int at;
    private long units;

    Utf8Position(byte[] utf8) {
        this.utf8 = utf8;
    }

    /** The offset in bytes of the character before which so many UTF-16 units stand. */
    int ofChar(long before) {
        while (at < utf8.length && (units < before || isInside(utf8[at]))) {
            int first = utf8[at++] & 0xFF;
            units += isInside((byte) first) ? 0 : first >= TWO_UNITS ? 2 : 1;
        }
        return at;
    }

    private static boolean isInside(byte b) {
        return (b & 0xC0) == 0x80;
    }
}
