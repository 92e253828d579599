package org.espalier.job;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A model that workers compute with, too.
 *
 * @param workers that do
 * @param place   where it lies
 */
record Shared(Workers workers, ModelPlace place) {

    /** The model of this place, if an engine has workers. */
    static Optional<Shared> of(Engine engine, ModelPlace place) {
        return engine.workers().map(workers -> new Shared(workers, place));
    }

    /** Has pieces done; see {@link Workers#compute}. */
    <P, R> void compute(String name, Function<ModelPlace, Work<P, R>> work, List<P> pieces, Consumer<R> sink) {
        workers.compute(name, work.apply(place), pieces, sink);
    }
}
