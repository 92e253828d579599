package org.espalier.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;
import org.espalier.error.Failure;

/** Reads the little-endian fields at the front of a GGUF file one after the other, never beyond its end. */
final class GgufCursor {

    static final String ADVICE = "the file is damaged or is not GGUF; fetch or write it again";

    /** What a decoder puts where bytes are not UTF-8. */
    private static final char REPLACEMENT = '\uFFFD';

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MemorySegment file;
    private long position;
    /** The bytes of the string being read: hundreds of thousands of short ones follow each other. */
    private byte[] scratch = new byte[256];

    GgufCursor(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    long position() {
        return position;
    }

    long remaining() {
        return file.byteSize() - position;
    }

    byte int8() {
        return file.get(ValueLayout.JAVA_BYTE, take(1));
    }

    short int16() {
        return file.get(SHORT, take(2));
    }

    int int32() {
        return file.get(INT, take(4));
    }

    long int64() {
        return file.get(LONG, take(8));
    }

    /** A count of things that take at least {@code leastBytes} each: more than the rest of the file can hold is a lie. */
    int count(long leastBytes, Supplier<String> subject) {
        long count = int64();
        if (count < 0 || count > remaining() / leastBytes || count > Integer.MAX_VALUE - 8) {
            throw malformed(
                    Long.toUnsignedString(count) + " " + subject.get() + " are announced, more than the file can hold");
        }
        return (int) count;
    }

    /** A length and that many bytes of UTF-8. */
    String string(Supplier<String> subject) {
        int length = count(1, () -> "bytes of " + subject.get());
        if (length > scratch.length) {
            scratch = new byte[length];
        }
        MemorySegment.copy(file, ValueLayout.JAVA_BYTE, take(length), scratch, 0, length);
        String text = new String(scratch, 0, length, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) >= 0 && !sameBytes(text.getBytes(StandardCharsets.UTF_8), length)) {
            throw malformed(subject.get() + " is not valid UTF-8");
        }
        return text;
    }

    /** The next {@code bytes} bytes, passed over. */
    MemorySegment slice(long bytes) {
        return file.asSlice(take(bytes), bytes);
    }

    Failure malformed(String complaint) {
        return new Failure(complaint, path + ", byte " + position, ADVICE);
    }

    private boolean sameBytes(byte[] encoded, int length) {
        return Arrays.equals(scratch, 0, length, encoded, 0, encoded.length);
    }

    private long take(long bytes) {
        if (bytes > remaining()) {
            throw malformed("the file ends inside its header");
        }
        long begin = position;
        position += bytes;
        return begin;
    }
}
