package org.espalier.couple;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes terms equal: products are matched right to left and sums left to right, a variable being divided where the extents
 * ask for it. What cannot be matched is frozen on both sides, with the reason.
 */
final class Unifier {

    private Unifier() {}

    static void unify(Term left, Term right) {
        Term a = left.resolved();
        Term b = right.resolved();
        if (a == b) {
            return;
        }
        if (a.extent() != b.extent()) {
            throw new IllegalArgumentException(
                    "axes of " + a.extent() + " and " + b.extent() + " units cannot be the same");
        }
        if (a instanceof Term.Var var) {
            bind(var, b);
        } else if (b instanceof Term.Var var) {
            bind(var, a);
        } else if (a instanceof Term.Product && b instanceof Term.Product) {
            products(a.factors(), b.factors());
        } else if (a instanceof Term.Sum && b instanceof Term.Sum) {
            sums(a.summands(), b.summands());
        } else {
            freeze(List.of(a, b), "a product meets a sum");
        }
    }

    /** Freezes every variable inside a term. */
    static void freeze(Term term, String reason) {
        term.variables().forEach(v -> v.freeze(reason));
    }

    private static void freeze(List<Term> terms, String reason) {
        terms.forEach(t -> freeze(t, reason));
    }

    /** Whatever is known of the variable holds for what it becomes. */
    private static void bind(Term.Var var, Term to) {
        if (to.variables().contains(var)) {
            freeze(to, "an axis contains itself");
            return;
        }
        for (Term.Var part : to.variables()) {
            part.uses().addAll(var.uses());
            if (var.frozen() != null) {
                part.freeze(var.frozen());
            }
            if (var.tied()) {
                part.tie();
            }
            part.keepAtLeast(var.least());
        }
        var.bind(to);
    }

    private static void products(List<Term> left, List<Term> right) {
        List<Term> a = new ArrayList<>(left);
        List<Term> b = new ArrayList<>(right);
        while (!a.isEmpty() && !b.isEmpty()) {
            Term x = a.getLast();
            Term y = b.getLast();
            if (x.extent() == y.extent()) {
                a.removeLast();
                b.removeLast();
                unify(x, y);
            } else if (!divide(x, y)) {
                freeze(List.of(x, y), "extents " + x.extent() + " and " + y.extent() + " do not divide");
                freeze(a, "the axis beside it does not divide");
                freeze(b, "the axis beside it does not divide");
                return;
            }
            a = new ArrayList<>(new Term.Product(a).factors());
            b = new ArrayList<>(new Term.Product(b).factors());
        }
    }

    /** Divides the larger of two factors, if it is a variable, so that its fast part has the extent of the smaller. */
    private static boolean divide(Term x, Term y) {
        Term large = x.extent() > y.extent() ? x : y;
        long fast = Math.min(x.extent(), y.extent());
        if (!(large instanceof Term.Var var) || fast == 0 || large.extent() % fast != 0) {
            return false;
        }
        bind(var, new Term.Product(List.of(new Term.Var(large.extent() / fast), new Term.Var(fast))));
        return true;
    }

    private static void sums(List<Term> left, List<Term> right) {
        List<Term> a = new ArrayList<>(left);
        List<Term> b = new ArrayList<>(right);
        while (!a.isEmpty() && !b.isEmpty()) {
            Term x = a.getFirst();
            Term y = b.getFirst();
            if (x.extent() == y.extent()) {
                a.removeFirst();
                b.removeFirst();
                unify(x, y);
            } else if (!part(x, y)) {
                freeze(List.of(x, y), "parts of " + x.extent() + " and " + y.extent() + " do not line up");
                freeze(a, "the part before it does not line up");
                freeze(b, "the part before it does not line up");
                return;
            }
            a = new ArrayList<>(new Term.Sum(a).summands());
            b = new ArrayList<>(new Term.Sum(b).summands());
        }
    }

    /** Parts the larger of two summands, if it is a variable, so that its first part has the extent of the smaller. */
    private static boolean part(Term x, Term y) {
        Term large = x.extent() > y.extent() ? x : y;
        long first = Math.min(x.extent(), y.extent());
        if (!(large instanceof Term.Var var)) {
            return false;
        }
        bind(var, new Term.Sum(List.of(new Term.Var(first), new Term.Var(large.extent() - first))));
        return true;
    }
}
