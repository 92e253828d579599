package org.espalier.score;

import org.espalier.tape.WeightUse;

/**
 * Numbers that weights meet: those of a value, or an expert's rows of it.
 *
 * @param value  the number of the value
 * @param expert −1 for all rows
 */
record MetInput(int value, int expert) {

    static MetInput of(WeightUse use) {
        return new MetInput(
                use.input().root().id(), use.share() == null ? -1 : use.share().expert());
    }
}
