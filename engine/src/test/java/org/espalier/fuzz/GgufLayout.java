package org.espalier.fuzz;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of a GGUF file's header stand, as far as it can be followed.
 *
 * @param fields  numbers, and the letters of texts
 * @param keys    whole entries of the metadata
 * @param tensors whole descriptions of tensors
 */
record GgufLayout(List<Field> fields, List<Field> keys, List<Field> tensors) {

    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    private static final int MOST_ELEMENTS = 8;

    /** What a part is. */
    enum Kind {
        NUMBER,
        TEXT,
        ENTRY
    }

    /** Bytes from {@code begin} to {@code end}. */
    record Field(int begin, int end, Kind kind) {}

    static GgufLayout of(byte[] content) {
        GgufLayout layout = new GgufLayout(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        try {
            layout.walk(buffer);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            // What was found up to the contradiction is enough.
            return layout;
        }
        return layout;
    }

    private void walk(ByteBuffer buffer) {
        number(buffer, 4);
        number(buffer, 4);
        long tensorCount = number(buffer, 8);
        long keyCount = number(buffer, 8);
        for (long key = 0; key < keyCount; key++) {
            int begin = buffer.position();
            text(buffer);
            value(buffer, (int) number(buffer, 4), 0);
            keys.add(new Field(begin, buffer.position(), Kind.ENTRY));
        }
        for (long tensor = 0; tensor < tensorCount; tensor++) {
            int begin = buffer.position();
            text(buffer);
            long axes = number(buffer, 4);
            for (long axis = 0; axis < axes; axis++) {
                number(buffer, 8);
            }
            number(buffer, 4);
            number(buffer, 8);
            tensors.add(new Field(begin, buffer.position(), Kind.ENTRY));
        }
    }

    private void value(ByteBuffer buffer, int type, int depth) {
        if (type == STRING) {
            text(buffer);
        } else if (type == ARRAY) {
            int inner = (int) number(buffer, 4);
            long count = number(buffer, 8);
            if (depth > MOST_ELEMENTS || inner < 0 || inner >= SIZES.length) {
                throw new IllegalArgumentException();
            }
            for (long i = 0; i < count; i++) {
                if (i < MOST_ELEMENTS || SIZES[inner] == 0) {
                    value(buffer, inner, depth + 1);
                } else {
                    buffer.position(buffer.position() + SIZES[inner]);
                }
            }
        } else if (type >= 0 && type < SIZES.length) {
            number(buffer, SIZES[type]);
        } else {
            throw new IllegalArgumentException();
        }
    }

    private long number(ByteBuffer buffer, int bytes) {
        int begin = buffer.position();
        long value = switch (bytes) {
            case 1 -> buffer.get();
            case 2 -> buffer.getShort();
            case 4 -> buffer.getInt();
            default -> buffer.getLong();
        };
        fields.add(new Field(begin, begin + bytes, Kind.NUMBER));
        return value;
    }

    private void text(ByteBuffer buffer) {
        long length = number(buffer, 8);
        if (length < 0 || length > buffer.remaining()) {
            throw new BufferUnderflowException();
        }
        int begin = buffer.position();
        buffer.position(begin + (int) length);
        fields.add(new Field(begin, buffer.position(), Kind.TEXT));
    }
}
