package org.espalier.tune;

import java.nio.file.Path;

/** What a training leaves behind of a model: adapters beside its weights, or the weights themselves. */
public sealed interface Learned extends Trainable, AutoCloseable permits LearnedAdapter, LearnedWeights {

    /**
     * Takes the numbers that an unfinished training left in a folder.
     *
     * @throws org.espalier.error.Failure if they do not fit
     */
    void load(Path folder);

    /** Closes what is learned, not the model. */
    @Override
    void close();
}
