package org.espalier.model;

import java.util.Optional;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/**
 * One batch of a walk at a branch, while its activations are there.
 *
 * @param batch    number of it
 * @param start    first token of the batch
 * @param end      one more than its last
 * @param pass     the branch
 * @param executor that has run it
 */
public record BranchVisit(int batch, int start, int end, BranchPass pass, Executor executor) {

    /** {@code [end − start, C]}: what the branch gives. */
    public Tensor output() {
        return tensor(pass.output());
    }

    /** {@code [end − start, C]}: the stream after it, where that is not the output added onto the stream before it. */
    public Optional<Tensor> sum() {
        return pass.sum().map(this::tensor);
    }

    /** The projection that the branch ends in, which it must. */
    public BranchEnd last() {
        return pass.end().orElseThrow();
    }

    /** What the last projection reads. */
    public Tensor inner() {
        return tensor(last().inner());
    }

    /** What the last projection gives. */
    public Tensor made() {
        return tensor(last().made());
    }

    /** A result of the branch. */
    public Tensor tensor(Value result) {
        return executor.tensor(result);
    }
}
