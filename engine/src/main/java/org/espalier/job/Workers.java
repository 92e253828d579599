package org.espalier.job;

import java.io.Serializable;
import java.util.List;
import java.util.function.Consumer;

/**
 * Processes that do the pieces of jobs, each on its own and in any order. What comes of a piece depends on the piece alone, so
 * that one that was lost can be done again by another worker.
 */
public interface Workers {

    /** How many parts work is best cut into where parts can be of any size. */
    int parts();

    /**
     * Does pieces.
     *
     * @param name what is done, for people
     * @param sink gets what comes of them, in their order
     * @throws org.espalier.error.Failure that of the first piece that cannot be done
     */
    <P, R> void compute(String name, Work<P, R> work, List<P> pieces, Consumer<R> sink);

    /**
     * Does pieces that each make many parts of sums, and puts those together that belong together.
     *
     * @param name    what is done, for people
     * @param work    makes parts of sums
     * @param pieces  that it makes them of
     * @param key     of a part
     * @param joining makes one of all parts that have a key
     * @param sink    gets what comes of the keys, in no order
     * @throws org.espalier.error.Failure that of a piece or a key that cannot be done
     */
    <P, V, R> void join(
            String name,
            Work<P, Parts<V>> work,
            List<P> pieces,
            Key<V> key,
            Work<List<V>, R> joining,
            Consumer<R> sink);

    /**
     * Lets workers hold works that are asked again and again, and that remember what they were asked before.
     *
     * @param name  what is done, for people
     * @param works one for each part
     * @return what the caller closes
     */
    <P, R> Held<P, R> hold(String name, List<? extends Work<P, R>> works);

    /**
     * What belongs together.
     *
     * @param <V> a part
     */
    interface Key<V> extends Serializable {

        /** The key of a part, which it has in common with what it belongs to. */
        String of(V part);
    }

    /**
     * Parts of sums, made one by one: they may be more than memory holds together.
     *
     * @param <V> a part
     */
    interface Parts<V> {

        /** Makes them. */
        void make(Consumer<V> sink);
    }

    /**
     * Works that workers hold.
     *
     * @param <P> a question
     * @param <R> an answer
     */
    interface Held<P, R> extends AutoCloseable {

        /** Asks every one; the answers come in the order of the works. */
        List<R> ask(P question);

        @Override
        void close();
    }
}
