package org.espalier.model;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Part;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Normalisation;

/**
 * A branch by itself: from the residual stream before it to what it adds, or to the stream after it.
 *
 * @param tape   the operations
 * @param stream input {@code [T, C]}: the residual stream before it
 * @param output {@code [T, C]}: what it gives, a result
 * @param sum    {@code [T, C]}: the stream after it, a result, where it is not what it gives added onto the stream before it
 * @param end    the projection that it ends in, operands and output of which are results; empty if it ends otherwise
 */
public record BranchPass(Tape tape, Value stream, Value output, Optional<Value> sum, Optional<BranchEnd> end) {

    /**
     * Records a branch of a pass by itself.
     *
     * @throws Failure if it cannot be walked alone, with the reason
     */
    public static BranchPass of(Tape whole, Branch branch) {
        requireAlone(branch);
        List<Op> ops = whole.leadingTo(branch);
        Optional<BranchEnd> end = BranchEnd.of(branch, ops);
        Set<Value> results = new LinkedHashSet<>(List.of(branch.output()));
        end.ifPresent(e -> results.addAll(e.results()));
        Optional<Value> sum = Optional.of(branch.sum()).filter(_ -> !branch.ontoStream());
        sum.ifPresent(results::add);
        List<Op> needed = sum.isPresent() ? whole.leadingTo(branch.sum(), branch.source()) : ops;
        Part part = Part.of(needed, branch.source(), new ArrayList<>(results));
        return new BranchPass(
                part.tape(),
                part.given(),
                part.value(branch.output()),
                sum.map(part::value),
                end.map(e -> e.with(part::value)));
    }

    /**
     * The projection that a branch ends in.
     *
     * @throws Failure if there is none that could be fitted
     */
    public static BranchEnd end(Tape whole, Branch branch) {
        requireAlone(branch);
        List<Op> ops = whole.leadingTo(branch);
        return BranchEnd.of(branch, ops)
                .orElseThrow(() -> unfit(
                        branch,
                        "it does not end in a projection but in "
                                + (ops.isEmpty() ? "nothing" : ops.getLast().kind())));
    }

    private static void requireAlone(Branch branch) {
        if (branch.source() != branch.stream()) {
            throw unfit(branch, "it reads something other than the stream that it is added to");
        }
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
