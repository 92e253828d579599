package org.espalier.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Changes counts, names, types, dimensions, offsets and values of a GGUF file, where they stand. */
final class GgufMutator implements Mutator {

    private static final int TENSOR_COUNT = 8;
    private static final int KEY_COUNT = 16;
    private static final int SPARE = 64;

    private final Mutator bytes = new ByteMutator();

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        byte[] changed = content;
        for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
            changed = edit(changed, other, random);
        }
        return changed;
    }

    private byte[] edit(byte[] content, byte[] other, RandomGenerator random) {
        GgufLayout layout = GgufLayout.of(content);
        if (layout.fields().isEmpty() || random.nextInt(12) == 0) {
            return bytes.mutate(content, other, random);
        }
        return switch (random.nextInt(6)) {
            case 0 -> without(content, layout, random);
            case 1 -> twice(content, layout, random);
            case 2 -> fromOther(content, other, layout, random);
            default ->
                field(
                        content,
                        layout.fields().get(random.nextInt(layout.fields().size())),
                        random);
        };
    }

    private static byte[] field(byte[] content, GgufLayout.Field field, RandomGenerator random) {
        if (field.kind() == GgufLayout.Kind.TEXT) {
            return text(content, field, random);
        }
        byte[] changed = content.clone();
        ByteBuffer buffer = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
        int at = field.begin();
        switch (field.end() - at) {
            case 1 -> buffer.put(at, (byte) OddValues.whole(random));
            case 2 -> buffer.putShort(at, (short) OddValues.whole(random));
            case 4 ->
                buffer.putInt(at, random.nextBoolean() ? random.nextInt(40) : (int) number(buffer.getInt(at), random));
            default -> buffer.putLong(at, number(buffer.getLong(at), random));
        }
        return changed;
    }

    private static long number(long value, RandomGenerator random) {
        return switch (random.nextInt(5)) {
            case 0 -> value + 1;
            case 1 -> value - 1;
            case 2 -> value * 2;
            default -> OddValues.whole(random);
        };
    }

    /** Another text with its right length; some bytes at the end make up for a shorter one. */
    private static byte[] text(byte[] content, GgufLayout.Field field, RandomGenerator random) {
        byte[] text = OddValues.text(random).getBytes(StandardCharsets.UTF_8);
        byte[] changed = ByteMutator.joined(content, field.begin(), text, field.end());
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(field.begin() - 8, text.length);
        return random.nextBoolean() ? changed : Arrays.copyOf(changed, changed.length + SPARE);
    }

    private static byte[] without(byte[] content, GgufLayout layout, RandomGenerator random) {
        boolean key = isKey(layout, random);
        List<GgufLayout.Field> entries = key ? layout.keys() : layout.tensors();
        if (entries.isEmpty()) {
            return content;
        }
        GgufLayout.Field entry = entries.get(random.nextInt(entries.size()));
        return counted(ByteMutator.joined(content, entry.begin(), new byte[0], entry.end()), key, -1);
    }

    private static byte[] twice(byte[] content, GgufLayout layout, RandomGenerator random) {
        boolean key = isKey(layout, random);
        List<GgufLayout.Field> entries = key ? layout.keys() : layout.tensors();
        if (entries.isEmpty()) {
            return content;
        }
        GgufLayout.Field entry = entries.get(random.nextInt(entries.size()));
        byte[] copy = Arrays.copyOfRange(content, entry.begin(), entry.end());
        // Another name in three of four copies: a name that stands twice is seen at once.
        if (random.nextInt(4) > 0 && copy.length > 8) {
            copy[8] ^= (byte) (1 + random.nextInt(31));
        }
        return counted(ByteMutator.joined(content, entry.end(), copy, entry.end()), key, 1);
    }

    private static byte[] fromOther(byte[] content, byte[] other, GgufLayout layout, RandomGenerator random) {
        GgufLayout theirs = GgufLayout.of(other);
        if (theirs.keys().isEmpty() || layout.keys().isEmpty()) {
            return content;
        }
        GgufLayout.Field mine = layout.keys().get(random.nextInt(layout.keys().size()));
        GgufLayout.Field entry = theirs.keys().get(random.nextInt(theirs.keys().size()));
        byte[] copy = Arrays.copyOfRange(other, entry.begin(), entry.end());
        return random.nextBoolean()
                ? ByteMutator.joined(content, mine.begin(), copy, mine.end())
                : counted(ByteMutator.joined(content, mine.begin(), copy, mine.begin()), true, 1);
    }

    private static boolean isKey(GgufLayout layout, RandomGenerator random) {
        return layout.tensors().isEmpty() || random.nextBoolean();
    }

    private static byte[] counted(byte[] content, boolean key, int more) {
        ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int at = key ? KEY_COUNT : TENSOR_COUNT;
        buffer.putLong(at, buffer.getLong(at) + more);
        return content;
    }
}
