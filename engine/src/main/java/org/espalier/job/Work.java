package org.espalier.job;

import java.io.Serializable;
import java.util.List;

/**
 * A kind of work that is done piece by piece. It travels to a worker, is opened there and stays open between pieces. Two works
 * that are equal are the same.
 *
 * @param <P> a piece, which travels too
 * @param <R> what comes of it, which travels back
 */
public interface Work<P, R> extends Serializable {

    /**
     * A work that is open.
     *
     * @param <P> a piece
     * @param <R> what comes of it
     */
    interface Opened<P, R> extends AutoCloseable {

        /**
         * Does a piece.
         *
         * @throws org.espalier.error.Failure if it cannot be done, wherever it is tried
         */
        R compute(P piece);

        @Override
        void close();
    }

    /** The models that it is about. */
    List<ModelPlace> models();

    /** Opens it at a worker. */
    Opened<P, R> open(WorkPlace place);
}
