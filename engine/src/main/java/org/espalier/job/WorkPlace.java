package org.espalier.job;

/** Where pieces of a job are computed: what a worker lends to a {@link Work}. */
public interface WorkPlace {

    /**
     * Opens a model, which has to be the same to the byte as that of whoever gave the work.
     *
     * @return what the caller closes
     * @throws org.espalier.error.Failure if it is not there, or another one
     */
    OpenModel open(ModelPlace place);

    /**
     * As {@link #open(ModelPlace)}, with the tokens of another model alone, under its ids, if that one knows fewer.
     *
     * @param smaller was made of the model
     */
    OpenModel open(ModelPlace place, ModelPlace smaller);

    /** Threads that compute. */
    int threads();

    /** Memory for one work. */
    MemorySettings memory();
}
