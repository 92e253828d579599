package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.espalier.couple.Term.Product;
import org.espalier.couple.Term.Sum;
import org.espalier.couple.Term.Var;
import org.espalier.tape.Coupling.Use;
import org.junit.jupiter.api.Test;

/** Terms by hand: what is divided, what becomes the same, what freezes. */
class UnifierTest {

    private static Var var(long extent) {
        return new Var(extent);
    }

    private static Product product(Term... parts) {
        return new Product(List.of(parts));
    }

    private static Sum sum(Term... parts) {
        return new Sum(List.of(parts));
    }

    private static List<Long> extents(List<Term> terms) {
        return terms.stream().map(Term::extent).toList();
    }

    private static boolean frozen(Term term) {
        return term.variables().stream().anyMatch(v -> v.frozen() != null);
    }

    private static void assertFrozen(Term... terms) {
        for (Term term : terms) {
            assertTrue(term.variables().stream().allMatch(v -> v.frozen() != null), "not all frozen");
        }
    }

    @Test
    void aProductDividesAVariableFromTheRight() {
        Var axis = var(576);
        Var heads = var(9);
        Var dims = var(64);
        Unifier.unify(axis, product(heads, dims));
        assertEquals(List.of(heads, dims), axis.factors());
        Var keys = var(3);
        Unifier.unify(axis, product(product(keys, var(3)), dims));
        assertEquals(List.of(3L, 3L, 64L), extents(axis.factors()));
        assertSame(keys, axis.factors().getFirst());
        assertTrue(!frozen(axis));
    }

    @Test
    void productsThatCutAtDifferentPlacesGetBothCuts() {
        Term a = product(var(3), var(4));
        Term b = product(var(6), var(2));
        Unifier.unify(a, b);
        assertEquals(List.of(3L, 2L, 2L), extents(a.factors()));
        assertEquals(a.factors(), b.factors());
        assertTrue(!frozen(a));
    }

    @Test
    void extentsThatDoNotDivideFreezeThemselvesAndWhatIsSlower() {
        Var slow = var(2);
        Var fast = var(5);
        Var same = var(5);
        Term a = product(slow, var(2), var(3), fast);
        Term b = product(var(2), var(3), var(2), same);
        Unifier.unify(a, b);
        assertNotNull(slow.frozen());
        assertSame(fast.resolved(), same.resolved());
        assertNull(((Var) fast.resolved()).frozen());
        assertEquals(
                "extents 3 and 2 do not divide",
                a.factors().get(2).variables().getFirst().frozen());
    }

    @Test
    void factorsOfOneDoNotCount() {
        Var heads = var(4);
        Unifier.unify(product(heads, var(1)), heads);
        assertNull(heads.frozen());
        Var other = var(4);
        Unifier.unify(product(var(1), other, var(1)), product(heads));
        assertSame(heads.resolved(), other.resolved());
        assertTrue(!frozen(heads));
    }

    @Test
    void aCompositionOfOnePartIsThatPart() {
        Sum halves = sum(var(2), var(3));
        Var axis = var(5);
        Unifier.unify(axis, product(halves));
        Unifier.unify(product(var(1), axis), sum(var(0), sum(var(2), var(3))));
        assertEquals(List.of(2L, 3L), extents(axis.summands()));
        assertTrue(!frozen(axis));
    }

    @Test
    void sumsPartVariablesFromTheLeft() {
        Var axis = var(10);
        Unifier.unify(axis, sum(var(4), var(6)));
        Unifier.unify(axis, sum(var(3), var(3), var(4)));
        assertEquals(List.of(3L, 1L, 2L, 4L), extents(axis.summands()));
        assertTrue(!frozen(axis));
    }

    @Test
    void overlappingPiecesOfAnAxisMeetInAnyOrder() {
        Var early = var(10);
        Var late = var(10);
        Term[] cuts = {sum(var(0), var(4), var(6)), sum(var(2), var(6), var(2)), sum(var(8), var(2), var(0))};
        for (int i = 0; i < cuts.length; i++) {
            Unifier.unify(early, cuts[i]);
        }
        for (long[] cut : new long[][] {{8, 2, 0}, {0, 4, 6}, {2, 6, 2}}) {
            Unifier.unify(late, sum(var(cut[0]), var(cut[1]), var(cut[2])));
        }
        assertEquals(List.of(2L, 2L, 4L, 2L), extents(early.summands()));
        assertEquals(extents(early.summands()), extents(late.summands()));
        assertTrue(!frozen(early) && !frozen(late));
    }

    /** The part that is parted stands twice in the list: the second time it is met it has parts already. */
    @Test
    void aSummandThatOccursTwiceIsPartedOnce() {
        Var twice = var(4);
        Term parts = sum(var(1), var(3), var(2), var(2));
        Unifier.unify(sum(twice, twice), parts);
        assertEquals(List.of(1L, 1L, 2L, 1L, 1L, 2L), extents(parts.summands()));
        assertSame(parts.summands().getFirst(), parts.summands().get(3));
        assertTrue(!frozen(parts));
    }

    @Test
    void aCutThroughAProductFreezes() {
        Term rows = sum(product(var(3), var(4)), var(4));
        Term cut = sum(var(6), var(10));
        Unifier.unify(rows, cut);
        assertFrozen(rows, cut);
    }

    @Test
    void aProductThatMeetsASumFreezesBoth() {
        Term a = product(var(2), var(3));
        Term b = sum(var(4), var(2));
        Unifier.unify(a, b);
        assertFrozen(a, b);
        assertEquals("a product meets a sum", a.variables().getFirst().frozen());
    }

    /** {@code [G, R + 2, D]}: a fused axis whose middle is a sum. */
    @Test
    void aSumInsideAProductIsAFactor() {
        Var fused = var(3 * 6 * 5);
        Var queries = var(4);
        Unifier.unify(fused, product(var(3), var(6), var(5)));
        Unifier.unify(fused.factors().get(1), sum(queries, var(1), var(1)));
        assertTrue(!frozen(fused));
        assertEquals(List.of(new Member.Run(0, 3, 30, 5)), Layout.runs(fused, queries));
    }

    @Test
    void whatFreezesAfterBindingFreezesEverythingBound() {
        Var axis = var(12);
        Var heads = var(3);
        Var dims = var(4);
        Unifier.unify(axis, product(heads, dims));
        Unifier.freeze(axis, "late");
        assertEquals("late", heads.frozen());
        assertEquals("late", dims.frozen());
    }

    @Test
    void whatFrozeBeforeBindingFreezesEverythingItBecomes() {
        Var axis = var(12);
        Unifier.freeze(axis, "early");
        Var heads = var(3);
        Var dims = var(4);
        Unifier.unify(product(heads, dims), axis);
        Var other = var(12);
        Unifier.unify(other, axis);
        assertEquals("early", heads.frozen());
        assertEquals("early", dims.frozen());
        assertFrozen(other);
        Var unbound = var(4);
        Unifier.unify(unbound, dims);
        assertFrozen(unbound);
    }

    @Test
    void usesAndTiesPassOnToWhatAVariableBecomes() {
        Var axis = var(6);
        axis.uses().add(Use.NORMALISED);
        axis.tie();
        Var slow = var(2);
        Var fast = var(3);
        fast.uses().add(Use.CONTRACTED);
        Unifier.unify(axis, product(slow, fast));
        assertEquals(Set.of(Use.NORMALISED), slow.uses());
        assertEquals(Set.of(Use.NORMALISED, Use.CONTRACTED), fast.uses());
        assertTrue(slow.tied() && fast.tied());
    }

    @Test
    void anAxisThroughTheSameUnitsTwiceIsSquared() {
        Var units = var(3);
        assertEquals(Set.of(units), product(units, var(2), units).squared());
        assertEquals(Set.of(units), product(sum(units, var(1)), units).squared());
        assertEquals(Set.of(), sum(product(units, var(2)), units).squared());
    }

    @Test
    void anEmptyAxisOfItselfDoesNotLoop() {
        Var none = var(0);
        Unifier.unify(none, product(none, var(5)));
        assertFrozen(none);
        assertEquals(List.of(none), none.variables());
    }

    @Test
    void differentExtentsAreAMistakeOfTheOperation() {
        assertThrows(IllegalArgumentException.class, () -> Unifier.unify(var(3), var(4)));
    }

    @Test
    void unitsLieWhereTheMixedRadixSays() {
        Var pairs = var(4);
        Var values = var(5);
        Term head = sum(product(var(2), pairs), product(var(2), pairs), values);
        Term axis = sum(var(7), product(var(3), head));
        Member member = new Member(null, 0, Layout.runs(axis, pairs));
        assertEquals(
                List.of(
                        new Member.Run(7, 3, 21, 1),
                        new Member.Run(11, 3, 21, 1),
                        new Member.Run(15, 3, 21, 1),
                        new Member.Run(19, 3, 21, 1)),
                member.runs());
        assertEquals(12, member.entriesPerUnit());
        assertEquals(7 + 2 * 21 + 4 + 3, member.entries(3)[5]);
        assertEquals(List.of(new Member.Run(23, 3, 21, 1)), Layout.runs(axis, values));
        assertEquals(List.of(), Layout.runs(axis, var(4)));
    }

    @Test
    void threeLoopsBecomeRunsOfOne() {
        Var units = var(2);
        Term axis = product(var(3), sum(product(var(5), sum(product(var(4), units), var(1))), var(6)));
        List<Member.Run> runs = Layout.runs(axis, units);
        assertEquals(20, runs.size());
        for (int second = 0; second < 5; second++) {
            for (int third = 0; third < 4; third++) {
                assertEquals(new Member.Run(9 * second + 2 * third, 3, 51, 1), runs.get(4 * second + third));
            }
        }
    }
}
