package org.espalier.tune;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/** Samples to learn from, each made when it is asked for, of which the lengths are known without that. */
public abstract class Samples extends AbstractList<Sample> implements RandomAccess {

    /** Tokens that are read of a sample. */
    abstract int tokens(int index);

    /** Tokens that are read of all samples. */
    public long tokens() {
        long tokens = 0;
        for (int i = 0; i < size(); i++) {
            tokens += tokens(i);
        }
        return tokens;
    }

    /** Samples that are there already. */
    static Samples of(List<Sample> samples) {
        List<Sample> given = List.copyOf(samples);
        return new Samples() {
            @Override
            public Sample get(int index) {
                return given.get(index);
            }

            @Override
            public int size() {
                return given.size();
            }

            @Override
            int tokens(int index) {
                return given.get(index).tokens();
            }
        };
    }

    /** The samples of several sources, one source after the other. */
    static Samples joined(List<Samples> sources) {
        if (sources.size() == 1) {
            return sources.getFirst();
        }
        int[] starts = new int[sources.size() + 1];
        for (int s = 0; s < sources.size(); s++) {
            starts[s + 1] = Math.addExact(starts[s], sources.get(s).size());
        }
        return new Samples() {
            @Override
            public Sample get(int index) {
                int source = source(index);
                return sources.get(source).get(index - starts[source]);
            }

            @Override
            public int size() {
                return starts[sources.size()];
            }

            @Override
            int tokens(int index) {
                int source = source(index);
                return sources.get(source).tokens(index - starts[source]);
            }

            private int source(int index) {
                int source = 0;
                while (index >= starts[source + 1]) {
                    source++;
                }
                return source;
            }
        };
    }
}
