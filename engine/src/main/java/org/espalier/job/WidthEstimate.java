package org.espalier.job;

/** Says what measuring widths will take when the dense model has been gone through once. */
final class WidthEstimate {

    private final long steps;
    private final long measured;
    private final Listener listener;
    private final long start = System.nanoTime();
    private long made;
    private boolean told;

    /**
     * @param steps    of the whole work
     * @param measured after how many of them it is told
     */
    WidthEstimate(long steps, long measured, Listener listener) {
        this.steps = steps;
        this.measured = measured;
        this.listener = listener;
    }

    /** So many steps more are made. */
    void passed(int more) {
        made += more;
        if (!told && made >= measured) {
            told = true;
            double seconds = (System.nanoTime() - start) / 1e9 / made * (steps - made);
            listener.note("measuring widths takes about %s more, and logits beside it"
                    .formatted(TrainingEstimate.duration(seconds)));
        }
    }
}
