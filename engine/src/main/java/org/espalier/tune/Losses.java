package org.espalier.tune;

import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;

/** The losses that batches are trained by or measured with. */
@FunctionalInterface
public interface Losses {

    /** Records the losses of a batch of this size. */
    Recording record(Packed batch);

    /** Gives a recording of {@link #record} all that it needs of a batch. */
    default void feed(Executor executor, Recording recording, Packed batch) {
        batch.feed(executor, recording);
    }
}
