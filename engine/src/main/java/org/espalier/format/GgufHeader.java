package org.espalier.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.espalier.tensor.Shape;

/** Puts the fields at the front of a GGUF file one behind the other: what {@link GgufValues} reads. */
final class GgufHeader {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ByteBuffer toBytes() {
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    GgufHeader int32(int value) {
        return put(little(Integer.BYTES).putInt(value));
    }

    GgufHeader int64(long value) {
        return put(little(Long.BYTES).putLong(value));
    }

    GgufHeader string(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return int64(utf8.length).put(ByteBuffer.wrap(utf8));
    }

    /** A tensor's name, its dimensions, innermost first, its type and where its bytes begin. */
    GgufHeader tensor(String name, Shape shape, int type, long offset) {
        string(name).int32(shape.rank());
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            int64(shape.dim(axis));
        }
        return int32(type).int64(offset);
    }

    /** A key, the type of its value and the value. */
    GgufHeader entry(String key, Object value) {
        string(key);
        if (value instanceof Long number) {
            return whole(number);
        }
        int type = type(value);
        return int32(type).value(value);
    }

    /** A whole number of which only the value is known: as narrow as can be, and unsigned if it can be. */
    private GgufHeader whole(long number) {
        if (number >= 0 && number <= 0xFFFF_FFFFL) {
            return int32(GgufValues.UINT32).int32((int) number);
        }
        return number == (int) number
                ? int32(GgufValues.INT32).int32((int) number)
                : int32(GgufValues.INT64).int64(number);
    }

    /** Whether such a value can be written. */
    static boolean writes(Object value) {
        return value instanceof Long
                || type(value) != GgufValues.ARRAY
                || value instanceof String[]
                || value instanceof byte[]
                || value instanceof int[]
                || value instanceof float[];
    }

    private static int type(Object value) {
        return switch (value) {
            case Integer _ -> GgufValues.UINT32;
            case Float _ -> GgufValues.FLOAT32;
            case Double _ -> GgufValues.FLOAT64;
            case Boolean _ -> GgufValues.BOOL;
            case String _ -> GgufValues.STRING;
            default -> GgufValues.ARRAY;
        };
    }

    private GgufHeader value(Object value) {
        return switch (value) {
            case Integer number -> int32(number);
            case Float number -> int32(Float.floatToRawIntBits(number));
            case Double number -> int64(Double.doubleToRawLongBits(number));
            case Boolean flag -> put(ByteBuffer.wrap(new byte[] {(byte) (flag ? 1 : 0)}));
            case String text -> string(text);
            default -> array(value);
        };
    }

    private GgufHeader array(Object array) {
        switch (array) {
            case String[] texts -> {
                int32(GgufValues.STRING).int64(texts.length);
                for (String text : texts) {
                    string(text);
                }
            }
            case byte[] numbers -> int32(GgufValues.UINT8).int64(numbers.length).put(ByteBuffer.wrap(numbers));
            case int[] numbers -> {
                ByteBuffer all = little(Integer.BYTES * numbers.length);
                all.asIntBuffer().put(numbers);
                int32(GgufValues.INT32).int64(numbers.length).put(all);
            }
            case float[] numbers -> {
                ByteBuffer all = little(Float.BYTES * numbers.length);
                all.asFloatBuffer().put(numbers);
                int32(GgufValues.FLOAT32).int64(numbers.length).put(all);
            }
            default ->
                throw new IllegalArgumentException(array.getClass().getSimpleName() + " cannot be written as metadata");
        }
        return this;
    }

    private GgufHeader put(ByteBuffer field) {
        bytes.write(field.array(), 0, field.capacity());
        return this;
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
