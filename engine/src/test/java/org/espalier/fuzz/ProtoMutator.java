package org.espalier.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Changes fields of a protocol buffer as SentencePiece writes it: their order, number, length and content. */
final class ProtoMutator implements Mutator {

    private static final int BYTES = 2;

    private final Mutator bytes = new ByteMutator();

    /** A field with a length: its first byte, and its content. */
    private record Field(byte key, byte[] content) {}

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        List<Field> fields = fields(content);
        if (fields.isEmpty() || random.nextInt(8) == 0) {
            return bytes.mutate(content, other, random);
        }
        for (int edits = 1 + random.nextInt(4); edits > 0 && !fields.isEmpty(); edits--) {
            edit(fields, other, random);
        }
        return written(fields, random.nextInt(16) == 0 ? OddValues.whole(random) : -1);
    }

    private void edit(List<Field> fields, byte[] other, RandomGenerator random) {
        int at = random.nextInt(fields.size());
        Field field = fields.get(at);
        switch (random.nextInt(7)) {
            case 0 -> fields.remove(at);
            case 1 -> fields.add(at, fields.get(random.nextInt(fields.size())));
            case 2 -> fields.set(at, new Field((byte) (random.nextInt(6) << 3 | BYTES), field.content()));
            case 3 -> fields.addAll(fields(other).stream().limit(20).toList());
            case 4 -> fields.set(at, new Field(field.key(), named(field.content(), random)));
            default -> fields.set(at, new Field(field.key(), bytes.mutate(field.content(), field.content(), random)));
        }
    }

    /** A piece with another text; its score and type stay. */
    private static byte[] named(byte[] piece, RandomGenerator random) {
        if (piece.length < 2 || piece[1] < 0 || piece[1] > piece.length - 2) {
            return piece;
        }
        byte[] text = OddValues.text(random).getBytes(StandardCharsets.UTF_8);
        if (text.length > Byte.MAX_VALUE) {
            return piece;
        }
        byte[] changed = ByteMutator.joined(piece, 2, text, 2 + piece[1]);
        changed[1] = (byte) text.length;
        return changed;
    }

    /** Fields up to the first one that is of another kind, or not whole. */
    private static List<Field> fields(byte[] content) {
        List<Field> fields = new ArrayList<>();
        int at = 0;
        while (at + 2 <= content.length && (content[at] & 7) == BYTES && content[at + 1] >= 0) {
            int end = at + 2 + content[at + 1];
            if (end > content.length) {
                break;
            }
            fields.add(new Field(content[at], Arrays.copyOfRange(content, at + 2, end)));
            at = end;
        }
        return fields;
    }

    /** @param lie a length to be stated for the last field; negative for the right one */
    private static byte[] written(List<Field> fields, long lie) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < fields.size(); i++) {
            Field field = fields.get(i);
            out.write(field.key());
            long length = lie >= 0 && i == fields.size() - 1 ? lie : field.content().length;
            for (; length > 0x7F; length >>>= 7) {
                out.write((int) (length & 0x7F | 0x80));
            }
            out.write((int) length);
            out.writeBytes(field.content());
        }
        return out.toByteArray();
    }
}
