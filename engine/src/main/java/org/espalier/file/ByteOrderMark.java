package org.espalier.file;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The mark that some editors put before UTF-8. It belongs to the file, not to its text. */
final class ByteOrderMark {

    private static final char MARK = '\uFEFF';
    private static final byte[] BYTES = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private ByteOrderMark() {}

    /** Bytes that it takes at the start of UTF-8: three or none. */
    static long length(MemorySegment utf8) {
        boolean marked = utf8.byteSize() >= BYTES.length
                && utf8.asSlice(0, BYTES.length).mismatch(MemorySegment.ofArray(BYTES)) < 0;
        return marked ? BYTES.length : 0;
    }

    /** UTF-8 without it. */
    static byte[] skipped(byte[] utf8) {
        boolean marked = utf8.length >= BYTES.length && Arrays.equals(utf8, 0, BYTES.length, BYTES, 0, BYTES.length);
        return marked ? Arrays.copyOfRange(utf8, BYTES.length, utf8.length) : utf8;
    }

    /** A text without it. */
    static String skipped(String text) {
        return !text.isEmpty() && text.charAt(0) == MARK ? text.substring(1) : text;
    }
}
