package org.espalier.couple;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes terms equal: products are matched right to left and sums left to right, a variable being divided where the extents
 * ask for it. What cannot be matched is frozen on both sides, with the reason.
 */
final class Unifier {

    private Unifier() {
    }

    static void unify(Term left, Term right) {
        Term a = left.resolved();
        Term b = right.resolved();
        if (a == b) {
            return;
        }
        if (a.extent() != b.extent()) {
            throw new IllegalArgumentException("axes of " + a.extent() + " and " + b.extent() + " units cannot be the same");
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
        }
        var.bind(to);
    }

    private static void products(List<Term> left, List<Term> right) {
        List<Term> a = new ArrayList<>(left);
        List<Term> b = new ArrayList<>(right);
        while (!a.isEmpty() && !b.isEmpty()) {
            Term x = a.removeLast();
            Term y = b.removeLast();
            if (x.extent() == y.extent()) {
                unify(x, y);
            } else if (!divide(x, y, a, b)) {
                freeze(List.of(x, y), "extents " + x.extent() + " and " + y.extent() + " do not divide");
                freeze(a, "the axis beside it does not divide");
                freeze(b, "the axis beside it does not divide");
                return;
            }
            a = factors(a);
            b = factors(b);
        }
    }

    /** Divides the larger of two last factors so that its fast part fits the smaller; both go back on their lists. */
    private static boolean divide(Term x, Term y, List<Term> a, List<Term> b) {
        Term large = x.extent() > y.extent() ? x : y;
        Term small = large == x ? y : x;
        if (!(large instanceof Term.Var var) || large.extent() % small.extent() != 0) {
            return false;
        }
        Term.Var slow = new Term.Var(large.extent() / small.extent());
        Term.Var fast = new Term.Var(small.extent());
        bind(var, new Term.Product(List.of(slow, fast)));
        a.add(x);
        b.add(y);
        return true;
    }

    private static List<Term> factors(List<Term> terms) {
        return new ArrayList<>(new Term.Product(terms).factors());
    }

    private static void sums(List<Term> left, List<Term> right) {
        List<Term> a = new ArrayList<>(left);
        List<Term> b = new ArrayList<>(right);
        while (!a.isEmpty() && !b.isEmpty()) {
            Term x = a.removeFirst();
            Term y = b.removeFirst();
            if (x.extent() == y.extent()) {
                unify(x, y);
                continue;
            }
            Term large = x.extent() > y.extent() ? x : y;
            Term small = large == x ? y : x;
            if (!(large.resolved() instanceof Term.Var var)) {
                freeze(List.of(x, y), "parts of " + x.extent() + " and " + y.extent() + " do not line up");
                freeze(a, "the part before it does not line up");
                freeze(b, "the part before it does not line up");
                return;
            }
            Term.Var rest = new Term.Var(large.extent() - small.extent());
            Term.Var head = new Term.Var(small.extent());
            bind(var, new Term.Sum(List.of(head, rest)));
            unify(head, small);
            (large == x ? a : b).addFirst(rest);
        }
    }
}
