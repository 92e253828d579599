package org.espalier.spark;

import java.util.ArrayList;
import java.util.List;

/** Cuts pieces into runs of nearly as many each, in their order: what a task does. */
final class Division {

    private Division() {}

    /** At most so many runs, none of them empty. */
    static <P> List<List<P>> of(List<P> pieces, int most) {
        int runs = Math.min(most, pieces.size());
        List<List<P>> divided = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            int start = (int) ((long) pieces.size() * run / runs);
            int end = (int) ((long) pieces.size() * (run + 1) / runs);
            divided.add(new ArrayList<>(pieces.subList(start, end)));
        }
        return divided;
    }
}
