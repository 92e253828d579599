package org.espalier.job;

/** Hears of what a job does while it does it. Calls come from the thread that runs the job. */
public interface Listener {

    /** Hears nothing. */
    Listener NONE = new Listener() {};

    /** A line that everyone should read: what a job will take, what it does otherwise than asked for, which part is done. */
    default void note(String line) {}

    /** A line for those who follow closely, for example the loss of one update. */
    default void detail(String line) {}

    /**
     * A piece of work begins that may take long.
     *
     * @param name  of what is being done, for example {@code scoring}
     * @param unit  that is counted, in the plural, for example {@code layers}
     * @param total units of the whole
     * @return gets how far it is, and is closed when it is over
     */
    default Progress begin(String name, String unit, long total) {
        return Progress.UNSEEN;
    }
}
