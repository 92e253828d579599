package org.espalier.couple;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
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
        private long least = 1;

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

        /** Units that must stay. */
        long least() {
            return least;
        }

        void keepAtLeast(long units) {
            least = Math.max(least, units);
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
        private final long extent;

        Product(List<Term> parts) {
            this.parts = List.copyOf(parts);
            this.extent = parts.stream().mapToLong(Term::extent).reduce(1, Math::multiplyExact);
        }

        @Override
        long extent() {
            return extent;
        }
    }

    /** The parts one after the other. */
    static final class Sum extends Term {
        private final List<Term> parts;
        private final long extent;

        Sum(List<Term> parts) {
            this.parts = List.copyOf(parts);
            this.extent = parts.stream().mapToLong(Term::extent).reduce(0, Math::addExact);
        }

        @Override
        long extent() {
            return extent;
        }
    }

    /** What this term stands for now: bound variables followed, and a composition with a single part is that part. */
    final Term resolved() {
        Term term = followed();
        return switch (term) {
            case Var var -> var;
            case Product product -> onlyOr(product.factors(), product);
            case Sum sum -> onlyOr(sum.summands(), sum);
        };
    }

    private static Term onlyOr(List<Term> parts, Term whole) {
        return parts.size() == 1 ? parts.getFirst() : whole;
    }

    /** The end of a chain of bound variables, as long as a model is deep; all of the chain then leads straight to it. */
    private Term followed() {
        Term end = this;
        while (end instanceof Var var && var.bound != null) {
            end = var.bound;
        }
        Term link = this;
        while (link instanceof Var var && var.bound != null) {
            link = var.bound;
            var.bound = end;
        }
        return end;
    }

    /** The factors of this term, products within products opened and factors of extent 1 left out. */
    final List<Term> factors() {
        List<Term> factors = new ArrayList<>();
        collectFactors(factors);
        return factors;
    }

    private void collectFactors(List<Term> collected) {
        Term term = followed();
        if (term instanceof Sum sum) {
            term = sum.resolved();
        }
        if (term instanceof Product product) {
            product.parts.forEach(p -> p.collectFactors(collected));
        } else if (term.extent() != 1) {
            collected.add(term);
        }
    }

    /** The summands of this term, sums within sums opened and summands of extent 0 left out. */
    final List<Term> summands() {
        List<Term> summands = new ArrayList<>();
        collectSummands(summands);
        return summands;
    }

    private void collectSummands(List<Term> collected) {
        Term term = followed();
        if (term instanceof Product product) {
            term = product.resolved();
        }
        if (term instanceof Sum sum) {
            sum.parts.forEach(p -> p.collectSummands(collected));
        } else if (term.extent() != 0) {
            collected.add(term);
        }
    }

    /** Every variable inside, as often as it occurs. */
    final List<Var> variables() {
        return switch (followed()) {
            case Var var -> List.of(var);
            case Product product -> variables(product.parts);
            case Sum sum -> variables(sum.parts);
        };
    }

    private static List<Var> variables(List<Term> parts) {
        return parts.stream().flatMap(p -> p.variables().stream()).toList();
    }

    /** Variables that two factors of one product share, so that an entry is no single unit of them. */
    final Set<Var> squared() {
        Set<Var> squared = new LinkedHashSet<>();
        collectSquared(squared);
        return squared;
    }

    private void collectSquared(Set<Var> collected) {
        switch (resolved()) {
            case Var var -> {}
            case Product product -> {
                Set<Var> seen = new HashSet<>();
                for (Term factor : product.factors()) {
                    Set<Var> own = new LinkedHashSet<>(factor.variables());
                    own.stream().filter(seen::contains).forEach(collected::add);
                    seen.addAll(own);
                    factor.collectSquared(collected);
                }
            }
            case Sum sum -> sum.summands().forEach(s -> s.collectSquared(collected));
        }
    }
}
