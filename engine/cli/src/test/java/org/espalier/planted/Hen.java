package org.espalier.planted;

/** Needs {@link Egg}, which needs it. */
public final class Hen {

    Egg lay() {
        return new Egg();
    }
}
