package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;

/** Whole numbers, of which millions take no more memory while they grow than when they are there. */
final class IntTable {

    private static final int BLOCK = 1 << 16;

    private final List<int[]> blocks = new ArrayList<>();
    private int size;

    int size() {
        return size;
    }

    void add(int number) {
        if (size % BLOCK == 0) {
            blocks.add(new int[BLOCK]);
        }
        blocks.getLast()[size % BLOCK] = number;
        size = Math.incrementExact(size);
    }

    int get(int index) {
        return blocks.get(index / BLOCK)[index % BLOCK];
    }
}
