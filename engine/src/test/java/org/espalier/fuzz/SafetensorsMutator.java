package org.espalier.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Changes the header's JSON, its length, or the numbers of a safetensors file. */
final class SafetensorsMutator implements Mutator {

    private static final int LENGTH_BYTES = 8;

    private final Mutator json = new JsonMutator();
    private final Mutator bytes = new ByteMutator();

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        int data = headerEnd(content);
        if (data < 0) {
            return bytes.mutate(other, content, random);
        }
        return switch (random.nextInt(12)) {
            case 0 -> withLength(content, OddValues.whole(random));
            case 1 -> withLength(content, data - LENGTH_BYTES + random.nextInt(9) - 4);
            case 2 -> bytes.mutate(content, other, random);
            case 3 ->
                ByteMutator.joined(content, data, new byte[0], Math.min(content.length, data + random.nextInt(9)));
            case 4, 5 -> numbers(content, data, random);
            default -> header(content, data, other, random);
        };
    }

    /** Where the numbers begin; negative if that is not in the file. */
    private static int headerEnd(byte[] content) {
        if (content.length < LENGTH_BYTES) {
            return -1;
        }
        long length = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return length < 2 || length > content.length - LENGTH_BYTES ? -1 : LENGTH_BYTES + (int) length;
    }

    /** The header's bytes; null if they are not all there. */
    static byte[] header(byte[] content) {
        int end = headerEnd(content);
        return end < 0 ? null : Arrays.copyOfRange(content, LENGTH_BYTES, end);
    }

    private static byte[] withLength(byte[] content, long length) {
        byte[] changed = content.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        return changed;
    }

    private byte[] header(byte[] content, int end, byte[] other, RandomGenerator random) {
        byte[] theirs = header(other);
        byte[] header = json.mutate(header(content), theirs == null ? new byte[0] : theirs, random);
        return withLength(ByteMutator.joined(content, LENGTH_BYTES, header, end), header.length);
    }

    /** Numbers that are not finite among them, or bytes too many or too few. */
    private static byte[] numbers(byte[] content, int end, RandomGenerator random) {
        byte[] changed = random.nextInt(4) == 0
                ? Arrays.copyOf(content, end + random.nextInt(content.length - end + 9))
                : content.clone();
        if (changed.length > end) {
            int at = end + random.nextInt(changed.length - end);
            Arrays.fill(changed, at, Math.min(changed.length, at + 4), (byte) (random.nextBoolean() ? -1 : 0x7F));
        }
        return changed;
    }
}
