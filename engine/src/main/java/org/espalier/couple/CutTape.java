package org.espalier.couple;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Rewriting;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;

/**
 * A tape of which units and branches are gone: the same operations on smaller values, without those that only what is gone
 * needed. Parameters, layers and inputs keep their names and numbers.
 */
public final class CutTape {

    private final Selection selection;
    private final Rewriting rewriting;

    private CutTape(Selection selection) {
        this.selection = selection;
        this.rewriting = new Rewriting(new Rewriting.Shapes() {
            @Override
            public Shape shape(Value value) {
                return selection.shape(value);
            }

            @Override
            public boolean gone(Value value) {
                return selection.gone(value);
            }

            @Override
            public long first(Value slice, long start) {
                return IntStream.of(selection.kept(slice.base(), 0))
                        .filter(entry -> entry < start)
                        .count();
            }
        });
        record();
    }

    /** Records what is left by a selection. */
    public static CutTape of(Selection selection) {
        return new CutTape(selection);
    }

    /** The recorded remainder. */
    public Tape tape() {
        return rewriting.tape();
    }

    /** What a value of the whole tape is on this one. */
    public Value value(Value whole) {
        return rewriting.value(whole);
    }

    private void record() {
        Tape whole = selection.structure().tape();
        Set<Op> live = Collections.newSetFromMap(new IdentityHashMap<>());
        live.addAll(LiveOperations.of(selection.structure(), selection::removed));
        for (Segment segment : whole.segments()) {
            List<Branch> branches = whole.branches().stream()
                    .filter(branch -> segment.layer() >= 0 && branch.layer() == segment.layer())
                    .toList();
            if (segment.ops().stream().anyMatch(live::contains)) {
                rewriting.segment(segment);
            }
            segment.ops().forEach(op -> record(op, live, branches));
        }
        whole.results().forEach(result -> rewriting.tape().result(rewriting.value(result)));
    }

    private void record(Op op, Set<Op> live, List<Branch> branches) {
        Branch closed = branches.stream()
                .filter(branch -> op.outputs().contains(branch.sum()))
                .findFirst()
                .orElse(null);
        if (closed != null && selection.removed(closed)) {
            rewriting.replace(closed.sum(), rewriting.value(closed.stream()));
        } else if (live.contains(op)) {
            rewriting.record(op);
            if (closed != null) {
                rewriting.branch(closed);
            }
        }
    }
}
