package org.espalier.format;

import java.util.List;

/**
 * The experts of a model that an adapter may be beside.
 *
 * @param names  of them; null where there are none
 * @param counts of them in each layer
 */
public record PeftExperts(ExpertNames names, List<Integer> counts) {

    /** Of a model without any. */
    public static final PeftExperts NONE = new PeftExperts(null, List.of());

    public PeftExperts {
        counts = List.copyOf(counts);
    }

    /** How many a layer has. */
    int count(int layer) {
        return layer < counts.size() ? counts.get(layer) : 0;
    }
}
