package org.espalier.spark;

import java.util.List;
import org.espalier.job.ModelPlace;
import org.espalier.job.Work;
import org.espalier.job.WorkPlace;
import org.espalier.job.Workers.Parts;

/** A work whose parts of sums wait in a file. */
record Spooling<P, V>(Work<P, Parts<V>> work) implements Work<P, SpoolFile<V>> {

    @Override
    public List<ModelPlace> models() {
        return work.models();
    }

    @Override
    public Opened<P, SpoolFile<V>> open(WorkPlace place) {
        Opened<P, Parts<V>> opened = work.open(place);
        return new Opened<>() {
            @Override
            public SpoolFile<V> compute(P piece) {
                return SpoolFile.of(opened.compute(piece)::make);
            }

            @Override
            public void close() {
                opened.close();
            }
        };
    }
}
