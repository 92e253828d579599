package org.espalier.model;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Part;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Normalisation;

/**
 * A branch by itself: from the residual stream before it to what it adds.
 *
 * @param tape   the operations
 * @param stream input {@code [T, C]}: the residual stream before it
 * @param last   the projection that it ends in, operands and output of which are results
 * @param factor of the output in the sum with the stream
 */
public record BranchPass(Tape tape, Value stream, Linear last, double factor) {

    /**
     * Records a branch of a pass by itself.
     *
     * @throws Failure if it cannot be walked or fitted alone, with the reason
     */
    public static BranchPass of(Tape whole, Branch branch) {
        List<Op> ops = whole.leadingTo(branch);
        Linear last = last(branch, ops);
        Part part = Part.of(ops, branch.source(), List.of(last.x(), last.y()));
        return new BranchPass(part.tape(), part.given(), (Linear) last.with(part::value), branch.factor());
    }

    /** The projection that a branch ends in. */
    public static Linear last(Tape whole, Branch branch) {
        return last(branch, whole.leadingTo(branch));
    }

    private static Linear last(Branch branch, List<Op> ops) {
        if (branch.source() != branch.stream() || branch.streamFactor() != 1) {
            throw unfit(branch, "it reads something other than the stream that it is added to");
        }
        if (ops.isEmpty()
                || !(ops.getLast() instanceof Linear linear)
                || linear.y().root() != branch.output().root()) {
            throw unfit(
                    branch,
                    "it does not end in a projection but in "
                            + (ops.isEmpty() ? "nothing" : ops.getLast().kind()));
        }
        return linear;
    }

    private static Failure unfit(Branch branch, String reason) {
        return new Failure(
                "the " + branch.name() + " cannot be run by itself",
                reason,
                "use --compensate none, and --block-score units or position");
    }

    /** What is added to the mean square where the branch normalises the stream; 0 if it does not. */
    public static double eps(Tape whole, Branch branch) {
        return whole.leadingTo(branch).stream()
                .flatMap(op -> op instanceof Normalisation norm ? Stream.of(norm) : Stream.empty())
                .filter(norm -> norm.x().root() == branch.source().root())
                .mapToDouble(Normalisation::eps)
                .findFirst()
                .orElse(0);
    }
}
