package org.espalier.planted;

/** Needs {@link Hen}, which needs it. */
public final class Egg {

    Hen hatch() {
        return new Hen();
    }
}
