package org.espalier.plan;

import java.util.Objects;

/** What the numbers and names of a plan must be, wherever it came from. */
final class Requirements {

    /** No model has as many layers; what goes through the numbers of layers is so bounded. */
    private static final int MOST_LAYERS = 4096;

    /** No axis of a model has as many units. */
    private static final int MOST_UNITS = 1 << 24;

    private Requirements() {}

    static void requireLayer(int layer, int least) {
        if (layer < least || layer >= MOST_LAYERS) {
            throw new IllegalArgumentException(
                    "layer " + layer + " is not between " + least + " and " + (MOST_LAYERS - 1));
        }
    }

    static void requireUnits(int[] kept, String name) {
        required(kept, name);
        for (int i = 0; i < kept.length; i++) {
            if (kept[i] < 0 || kept[i] >= MOST_UNITS || i > 0 && kept[i] <= kept[i - 1]) {
                throw new IllegalArgumentException(
                        "%s holds %d, entry %d: units are counted from 0, ascending, none twice"
                                .formatted(name, kept[i], i + 1));
            }
        }
    }

    static void requireRound(Integer round) {
        if (round != null && round < 1) {
            throw new IllegalArgumentException("round is " + round + ", which no width is a multiple of");
        }
    }

    static void required(Object value, String name) {
        Objects.requireNonNull(value, () -> name + " is null");
    }
}
