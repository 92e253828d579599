package org.espalier.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rising numbers below 2^63, of which millions take little memory: four bytes each unless they lie far apart. */
final class OffsetTable {

    private static final int BLOCK = 1024;
    private static final long NARROW = 1L << 32;

    /** Of each full block its first number. */
    private final List<Long> firsts = new ArrayList<>();
    /** Of each full block how far its numbers are from the first one: {@code int[]} without signs, or {@code long[]}. */
    private final List<Object> blocks = new ArrayList<>();

    private final long[] last = new long[BLOCK];
    private int size;

    int size() {
        return size;
    }

    void add(long offset) {
        last[size % BLOCK] = offset;
        size = Math.incrementExact(size);
        if (size % BLOCK == 0) {
            boolean narrow = offset - last[0] < NARROW;
            long first = last[0];
            firsts.add(first);
            blocks.add(
                    narrow
                            ? Arrays.stream(last)
                                    .mapToInt(o -> (int) (o - first))
                                    .toArray()
                            : Arrays.stream(last).map(o -> o - first).toArray());
        }
    }

    long get(int index) {
        int block = index / BLOCK;
        if (block == blocks.size()) {
            return last[index % BLOCK];
        }
        return firsts.get(block)
                + (blocks.get(block) instanceof int[] narrow
                        ? Integer.toUnsignedLong(narrow[index % BLOCK])
                        : ((long[]) blocks.get(block))[index % BLOCK]);
    }
}
