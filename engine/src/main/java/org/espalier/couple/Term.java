package org.espalier.couple;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.espalier.tape.Coupling;

/** What an axis is made of. Terms are compared by identity; a bound variable stands for what it is bound to. */
abstract sealed class Term implements Coupling.Axis {

    /** Entries. */
    abstract long extent();

    /** Units that nothing divides further, until unification finds that something does. */
    static final class Var extends Term {
        private final long extent;
        private final Set<Coupling.Use> uses = EnumSet.noneOf(Coupling.Use.class);
        private Term bound;
        private String frozen;
        private boolean tied;

        Var(long extent) {
            this.extent = extent;
        }

        @Override
        long extent() {
            return extent;
        }

        Set<Coupling.Use> uses() {
            return uses;
        }

        /** Why no unit may be removed, or null. */
        String frozen() {
            return frozen;
        }

        boolean tied() {
            return tied;
        }

        void freeze(String reason) {
            if (frozen == null) {
                frozen = reason;
            }
        }

        void tie() {
            tied = true;
        }

        void bind(Term term) {
            bound = term;
        }
    }

    /** All combinations of the parts, the last part fastest. */
    static final class Product extends Term {
        private final List<Term> parts;

        Product(List<Term> parts) {
            this.parts = List.copyOf(parts);
        }

        List<Term> parts() {
            return parts;
        }

        @Override
        long extent() {
            return parts.stream().mapToLong(Term::extent).reduce(1, Math::multiplyExact);
        }
    }

    /** The parts one after the other. */
    static final class Sum extends Term {
        private final List<Term> parts;

        Sum(List<Term> parts) {
            this.parts = List.copyOf(parts);
        }

        List<Term> parts() {
            return parts;
        }

        @Override
        long extent() {
            return parts.stream().mapToLong(Term::extent).reduce(0, Math::addExact);
        }
    }

    /** What this term stands for now, bound variables followed and shortened. */
    Term resolved() {
        if (this instanceof Var var && var.bound != null) {
            Term end = var.bound.resolved();
            var.bound = end;
            return end;
        }
        return this;
    }

    /** The factors of this term, products within products opened and factors of extent 1 left out. */
    List<Term> factors() {
        List<Term> factors = new ArrayList<>();
        collectFactors(factors);
        return factors;
    }

    private void collectFactors(List<Term> into) {
        Term term = resolved();
        if (term instanceof Product product) {
            product.parts.forEach(p -> p.collectFactors(into));
        } else if (term.extent() != 1) {
            into.add(term);
        }
    }

    /** The summands of this term, sums within sums opened. */
    List<Term> summands() {
        List<Term> summands = new ArrayList<>();
        collectSummands(summands);
        return summands;
    }

    private void collectSummands(List<Term> into) {
        Term term = resolved();
        if (term instanceof Sum sum) {
            sum.parts.forEach(p -> p.collectSummands(into));
        } else {
            into.add(term);
        }
    }

    /** Every variable inside. */
    List<Var> variables() {
        Term term = resolved();
        return switch (term) {
            case Var var -> List.of(var);
            case Product product -> product.parts.stream().flatMap(p -> p.variables().stream()).toList();
            case Sum sum -> sum.parts.stream().flatMap(p -> p.variables().stream()).toList();
        };
    }
}
