package org.espalier.fuzz;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Changes bytes without knowing what they stand for. */
final class ByteMutator implements Mutator {

    private static final int LONGEST_RUN = 64;
    private static final byte[] INTERESTING = {0, 1, -1, 127, -128, '"', '{', '[', '\\', '\n', ' ', '9', (byte) 0xC3};

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        byte[] changed = content;
        for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
            changed = edit(changed, other, random);
        }
        return changed;
    }

    private static byte[] edit(byte[] content, byte[] other, RandomGenerator random) {
        if (content.length == 0) {
            return other.length == 0 ? new byte[] {(byte) random.nextInt()} : other;
        }
        int at = random.nextInt(content.length);
        int end = Math.min(content.length, at + 1 + random.nextInt(LONGEST_RUN));
        return switch (random.nextInt(7)) {
            case 0 -> Arrays.copyOf(content, at);
            case 1 -> joined(content, at, new byte[0], end);
            case 2 -> joined(content, end, Arrays.copyOfRange(content, at, end), end);
            case 3 -> joined(content, at, run(random), at);
            case 4 -> joined(content, at, part(other, random), random.nextBoolean() ? at : end);
            case 5 -> overwritten(content, at, INTERESTING[random.nextInt(INTERESTING.length)]);
            default -> overwritten(content, at, (byte) (content[at] ^ 1 << random.nextInt(8)));
        };
    }

    private static byte[] run(RandomGenerator random) {
        byte[] run = new byte[1 + random.nextInt(LONGEST_RUN)];
        Arrays.fill(run, INTERESTING[random.nextInt(INTERESTING.length)]);
        return run;
    }

    private static byte[] part(byte[] other, RandomGenerator random) {
        int begin = random.nextInt(other.length + 1);
        return Arrays.copyOfRange(other, begin, Math.min(other.length, begin + 1 + random.nextInt(LONGEST_RUN)));
    }

    private static byte[] overwritten(byte[] content, int at, byte value) {
        byte[] changed = content.clone();
        changed[at] = value;
        return changed;
    }

    /** {@code content} up to {@code begin}, {@code middle}, {@code content} from {@code end}. */
    static byte[] joined(byte[] content, int begin, byte[] middle, int end) {
        byte[] all = new byte[begin + middle.length + content.length - end];
        System.arraycopy(content, 0, all, 0, begin);
        System.arraycopy(middle, 0, all, begin, middle.length);
        System.arraycopy(content, end, all, begin + middle.length, content.length - end);
        return all;
    }
}
