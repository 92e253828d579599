package org.espalier.job;

import java.util.function.IntPredicate;

/** Layers from {@code first} to {@code last}, both included, counted from 0; none if {@code last} is before {@code first}. */
public record LayerRange(int first, int last) implements IntPredicate {

    /** No layer. */
    public static final LayerRange NONE = new LayerRange(0, -1);

    @Override
    public boolean test(int layer) {
        return layer >= first && layer <= last;
    }
}
