package org.espalier.tune;

import java.util.OptionalDouble;

/**
 * What the held-out samples said after some updates, each a mean over the tokens that count, in nats.
 *
 * @param step         updates made before
 * @param loss         that the training lessens
 * @param divergence   from the teacher's predictions; empty without a teacher, and where only the texts count
 * @param crossEntropy of the texts' own tokens; empty without a teacher, where it is the loss
 */
public record Look(int step, double loss, OptionalDouble divergence, OptionalDouble crossEntropy) {

    /** Without a teacher. */
    Look(int step, double loss) {
        this(step, loss, OptionalDouble.empty(), OptionalDouble.empty());
    }
}
