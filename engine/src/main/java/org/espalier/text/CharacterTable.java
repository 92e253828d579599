package org.espalier.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A SentencePiece model's table of what stands for which characters. It has the length of a double array (Aoe 1989, as
 * darts-clone lays it out) of four-byte units, that array, whose values are places in what follows, and the texts there, each up
 * to a zero byte. The longest key that a text goes on with is replaced; a character that begins no key stays.
 */
final class CharacterTable {

    /** Of a unit: whether a key ends there, and where its children are. */
    private static final int LEAF = 1 << 8;

    private static final int WIDE = 1 << 9;
    private static final int LABEL = 1 << 31 | 0xFF;
    private static final int VALUE = Integer.MAX_VALUE;

    /** Bytes of a key and of what stands for one at most; those of published tables are a tenth of that. */
    private static final int LONGEST = 256;

    private final ByteBuffer units;
    private final byte[] texts;

    private CharacterTable(ByteBuffer units, byte[] texts) {
        this.units = units;
        this.texts = texts;
    }

    /** The table of these bytes; empty if they are none. */
    static Optional<CharacterTable> of(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < 2 * Integer.BYTES) {
            return Optional.empty();
        }
        int length = in.getInt();
        if (length < Integer.BYTES || length % Integer.BYTES != 0 || length >= in.remaining()) {
            return Optional.empty();
        }
        ByteBuffer units = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        byte[] texts = new byte[in.remaining() - length];
        in.get(in.position() + length, texts);
        return fit(texts) ? Optional.of(new CharacterTable(units, texts)) : Optional.empty();
    }

    /** Whether every text ends, and none is too long. */
    private static boolean fit(byte[] texts) {
        int length = 0;
        for (byte b : texts) {
            length = b == 0 ? 0 : length + 1;
            if (length > LONGEST) {
                return false;
            }
        }
        return length == 0;
    }

    /** The text with all that the table has something else for. */
    String normalised(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
        int at = 0;
        while (at < bytes.length) {
            at = next(bytes, at, out);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Writes what stands for the longest key at a place, and returns where it ends. */
    private int next(byte[] bytes, int at, ByteArrayOutputStream out) {
        int end = -1;
        int value = 0;
        int node = children(0, unit(0));
        for (int i = at; i < Math.min(bytes.length, at + LONGEST); i++) {
            int label = bytes[i] & 0xFF;
            int place = node ^ label;
            int unit = unit(place);
            if ((unit & LABEL) != label) {
                break;
            }
            node = children(place, unit);
            if ((unit & LEAF) != 0) {
                end = i + 1;
                value = unit(node) & VALUE;
            }
        }
        if (end < 0 || value >= texts.length) {
            int length = character(bytes[at]);
            out.write(bytes, at, Math.min(length, bytes.length - at));
            return Math.min(at + length, bytes.length);
        }
        for (int i = value; texts[i] != 0; i++) {
            out.write(texts[i]);
        }
        return end;
    }

    /** A place that the array does not have holds a unit that no label is at. */
    private int unit(int place) {
        boolean there = place >= 0 && place < units.capacity() / Integer.BYTES;
        return there ? units.getInt(Integer.BYTES * place) : 1 << 31;
    }

    private static int children(int place, int unit) {
        return place ^ unit >>> 10 << ((unit & WIDE) >>> 6);
    }

    /** Bytes of the character that begins with this one. */
    private static int character(byte first) {
        int ones = Integer.numberOfLeadingZeros(~(first << 24));
        return Math.max(1, ones);
    }
}
