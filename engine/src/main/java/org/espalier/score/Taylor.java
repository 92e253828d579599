package org.espalier.score;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.tape.Op;
import org.espalier.tape.WeightUse;
import org.espalier.tape.WeightUse.Kind;
import org.espalier.tensor.Tensor;

/**
 * What scoring by gradients of weights starts from.
 *
 * @param scored  what is
 * @param factors of squared gradients
 * @param weights by their names
 */
record Taylor(
        Backend backend,
        Queue queue,
        Saliency saliency,
        Scored scored,
        SequenceFactors factors,
        Function<String, Tensor> weights) {

    /** How an operation uses weights that are scored. */
    Stream<WeightUse> uses(Op op) {
        return op.weights().stream().filter(use -> use.kind() != Kind.BIAS && scored.any(use.weight()));
    }

    /** The uses by norms, whose outputs are looked at. */
    List<WeightUse> norms(Op op) {
        return uses(op).filter(use -> use.kind() == Kind.SCALE).toList();
    }
}
