package org.espalier.job;

import java.util.Arrays;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.format.Checkpoint;
import org.espalier.format.Finite;
import org.espalier.format.StoredTensor;

/** Whether what a model computed are numbers at all. */
final class FiniteLogits {

    private FiniteLogits() {}

    /**
     * Refuses logits that are not all finite.
     *
     * @param logits any number of them
     * @param open   the model that gave them
     * @throws Failure that names the first weight that is not finite, if the weights are the reason
     */
    static void require(float[] logits, OpenModel open) {
        if (!Finite.all(logits)) {
            throw failure(open);
        }
    }

    /** As above, of sums of their logarithmic probabilities. */
    static void require(double[] logLikelihoods, OpenModel open) {
        if (!Arrays.stream(logLikelihoods).allMatch(Double::isFinite)) {
            throw failure(open);
        }
    }

    private static Failure failure(OpenModel open) {
        Optional<String> tensor = firstWithout(open.checkpoint());
        return tensor.isPresent()
                ? new Failure(
                        "tensor " + Printable.quoted(tensor.get()) + " holds numbers that are not finite",
                        open.path().toString(),
                        "fetch or write the model again")
                : new Failure(
                        "the model's logits are not all finite numbers, though its weights are",
                        open.path().toString(),
                        "compute in float32, and check the configuration and the adapter");
    }

    private static Optional<String> firstWithout(Checkpoint checkpoint) {
        return checkpoint.tensors().values().stream()
                .filter(tensor -> tensor.type().floating() && !Finite.all(tensor))
                .map(StoredTensor::name)
                .findFirst();
    }
}
