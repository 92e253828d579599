package org.espalier.file;

import java.util.List;

/** Several things that are closed together. */
public final class Closing {

    private Closing() {}

    /** Closes every one, also after one that cannot be closed; what the first of these threw is thrown then. */
    public static void all(List<Runnable> closings) {
        if (!closings.isEmpty()) {
            try {
                closings.getFirst().run();
            } finally {
                all(closings.subList(1, closings.size()));
            }
        }
    }
}
