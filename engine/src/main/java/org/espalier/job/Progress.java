package org.espalier.job;

/** How far a piece of work is; see {@link Listener#begin}. */
public interface Progress extends AutoCloseable {

    /** Shown to nobody. */
    Progress UNSEEN = new Progress() {
        @Override
        public void advance(long more) {}

        @Override
        public void close() {}
    };

    /** So many units more are done. */
    void advance(long more);

    /** The work is over, whole or not. */
    @Override
    void close();
}
