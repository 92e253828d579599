package org.espalier.format;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Supplier;
import org.espalier.error.Printable;

/**
 * The values of GGUF metadata as Java objects: whole numbers as {@link Long} (64-bit ones as their bits), float32 as
 * {@link Float}, float64 as {@link Double}, {@link Boolean}, {@link String}; arrays as {@code byte[] short[] int[] long[]
 * float[] double[] boolean[] String[]} by the width of their elements (unsigned ones as their bits), arrays of arrays as
 * {@code Object[]}.
 */
final class GgufValues {

    private static final int MOST_NESTING = 4;
    static final int UINT8 = 0;
    static final int INT8 = 1;
    static final int UINT16 = 2;
    static final int INT16 = 3;
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int UINT64 = 10;
    static final int INT64 = 11;
    static final int FLOAT64 = 12;

    private final GgufCursor cursor;
    private String key;

    GgufValues(GgufCursor cursor) {
        this.cursor = cursor;
    }

    /** Reads a type and its value; {@code owner} is the key that it belongs to. */
    Object read(String owner) {
        key = owner;
        return value(cursor.int32(), 0);
    }

    private Object value(int type, int nesting) {
        return switch (type) {
            case UINT8 -> (long) (cursor.int8() & 0xFF);
            case INT8 -> (long) cursor.int8();
            case UINT16 -> (long) (cursor.int16() & 0xFFFF);
            case INT16 -> (long) cursor.int16();
            case UINT32 -> cursor.int32() & 0xFFFF_FFFFL;
            case INT32 -> (long) cursor.int32();
            case UINT64, INT64 -> cursor.int64();
            case FLOAT32 -> Float.intBitsToFloat(cursor.int32());
            case FLOAT64 -> Double.longBitsToDouble(cursor.int64());
            case BOOL -> cursor.int8() != 0;
            case STRING -> cursor.string(() -> "the value of " + Printable.quoted(key));
            case ARRAY -> array(nesting + 1);
            default -> throw unknownType(type);
        };
    }

    private Object array(int nesting) {
        if (nesting > MOST_NESTING) {
            throw cursor.malformed("arrays are nested deeper than " + MOST_NESTING + " in " + Printable.quoted(key));
        }
        int type = cursor.int32();
        int count = cursor.count(leastBytes(type), () -> "elements of " + Printable.quoted(key));
        return switch (type) {
            case UINT8, INT8 -> cursor.slice(count).toArray(ValueLayout.JAVA_BYTE);
            case UINT16, INT16 -> cursor.slice(2L * count).toArray(little(ValueLayout.JAVA_SHORT_UNALIGNED));
            case UINT32, INT32 -> cursor.slice(4L * count).toArray(little(ValueLayout.JAVA_INT_UNALIGNED));
            case UINT64, INT64 -> cursor.slice(8L * count).toArray(little(ValueLayout.JAVA_LONG_UNALIGNED));
            case FLOAT32 -> cursor.slice(4L * count).toArray(little(ValueLayout.JAVA_FLOAT_UNALIGNED));
            case FLOAT64 -> cursor.slice(8L * count).toArray(little(ValueLayout.JAVA_DOUBLE_UNALIGNED));
            case BOOL -> booleans(count);
            case STRING -> strings(count);
            case ARRAY -> arrays(count, nesting);
            default -> throw unknownType(type);
        };
    }

    private boolean[] booleans(int count) {
        boolean[] values = new boolean[count];
        for (int i = 0; i < count; i++) {
            values[i] = cursor.int8() != 0;
        }
        return values;
    }

    private String[] strings(int count) {
        String[] values = new String[count];
        Supplier<String> element = () -> "an element of " + Printable.quoted(key);
        for (int i = 0; i < count; i++) {
            values[i] = cursor.string(element);
        }
        return values;
    }

    private Object[] arrays(int count, int nesting) {
        Object[] values = new Object[count];
        for (int i = 0; i < count; i++) {
            values[i] = array(nesting + 1);
        }
        return values;
    }

    /** The least an element can take: a string its length, an array its type and length. */
    private long leastBytes(int type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case UINT64, INT64, FLOAT64, STRING -> 8;
            case ARRAY -> 12;
            default -> throw unknownType(type);
        };
    }

    private RuntimeException unknownType(int type) {
        return cursor.malformed(
                "value type " + Integer.toUnsignedString(type) + " of " + Printable.quoted(key) + " is unknown");
    }

    @SuppressWarnings("unchecked")
    private static <L extends ValueLayout> L little(L layout) {
        return (L) layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }
}
