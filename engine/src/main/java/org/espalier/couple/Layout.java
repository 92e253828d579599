package org.espalier.couple;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the units of a variable lie along an axis: the mixed radix of the factors around it, at the offsets of the summands
 * that it is in.
 */
final class Layout {

    /** Something repeated {@code count} times, {@code step} entries apart. */
    private record Loop(long count, long step) {}

    private final Term.Var var;
    private final List<Member.Run> runs = new ArrayList<>();

    private Layout(Term.Var var) {
        this.var = var;
    }

    /** The runs of {@code var} along the axis that {@code term} describes, ascending by offset. */
    static List<Member.Run> runs(Term term, Term.Var var) {
        Layout layout = new Layout(var);
        layout.walk(term, 0, 1, List.of());
        return layout.runs;
    }

    /**
     * @param offset    entry at which the part begins
     * @param scale     entries of the axis for each entry of the part
     * @param enclosing repetitions of the part, outermost first
     */
    private void walk(Term part, long offset, long scale, List<Loop> enclosing) {
        switch (part.resolved()) {
            case Term.Var found -> {
                if (found == var) {
                    add(offset, scale, enclosing);
                }
            }
            case Term.Product product -> {
                List<Loop> loops = new ArrayList<>(enclosing);
                long inner = scale * product.extent();
                for (Term factor : product.factors()) {
                    inner /= factor.extent();
                    walk(factor, offset, inner, loops);
                    append(loops, new Loop(factor.extent(), inner));
                }
            }
            case Term.Sum sum -> {
                long at = offset;
                for (Term summand : sum.summands()) {
                    walk(summand, at, scale, enclosing);
                    at += summand.extent() * scale;
                }
            }
        }
    }

    /** Adds a loop inside the others; two that together are one become one. */
    private static void append(List<Loop> loops, Loop inner) {
        if (!loops.isEmpty() && loops.getLast().step == inner.count * inner.step) {
            loops.set(loops.size() - 1, new Loop(loops.getLast().count * inner.count, inner.step));
        } else {
            loops.add(inner);
        }
    }

    /** A run repeats in one way: the outermost loop stays in it, those inside become further runs. */
    private void add(long offset, long stride, List<Loop> enclosing) {
        if (enclosing.size() < 2) {
            Loop loop = enclosing.isEmpty() ? new Loop(1, stride * var.extent()) : enclosing.getFirst();
            runs.add(new Member.Run(offset, loop.count, loop.step, stride));
            return;
        }
        Loop second = enclosing.get(1);
        List<Loop> others = new ArrayList<>(enclosing);
        others.remove(1);
        for (long i = 0; i < second.count; i++) {
            add(offset + i * second.step, stride, others);
        }
    }
}
