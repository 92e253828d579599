package org.espalier.cli;

import java.util.ArrayList;
import java.util.List;

/** Holds most of its heap and goes on allocating, as a command does whose heap is all but too small. */
final class HeapFillingChild {

    private static final int PIECE = 1 << 16;

    private HeapFillingChild() {}

    public static void main(String[] args) {
        HeapWatch.start(full -> System.exit(new Failures(System.err, false).report(full)));
        List<byte[]> held = new ArrayList<>();
        long most = Runtime.getRuntime().maxMemory() * 17 / 20;
        for (long bytes = 0; bytes < most; bytes += PIECE) {
            held.add(new byte[PIECE]);
        }
        while (true) {
            held.set(held.size() / 2, new byte[PIECE / 2]);
        }
    }
}
