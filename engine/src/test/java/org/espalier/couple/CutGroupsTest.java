package org.espalier.couple;

import static org.espalier.couple.FoundGroupsTest.TOLERANCE;
import static org.espalier.couple.FoundGroupsTest.distance;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.TestWeights.Gone;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Models of any style go from scores to a selection to a smaller tape, which computes what the whole model computes with the
 * same units zeroed. Normalisations that average over them run over those that are kept.
 */
class CutGroupsTest {

    private static final String PUBLISHED = "org.espalier.couple.FoundGroupsTest#published";
    private static final String SEEDS = "org.espalier.couple.FoundGroupsTest#seeds";

    @ParameterizedTest(name = "{0}")
    @MethodSource(PUBLISHED)
    void computeAsZeroedInAPublishedModel(String name, Style style, Sizes sizes) {
        check(style, sizes, new Random(name.hashCode()));
    }

    @ParameterizedTest
    @MethodSource(SEEDS)
    void computeAsZeroedInAnyModel(int seed) {
        Random random = new Random(seed);
        Style style = Style.random(random);
        check(style, Sizes.random(random, style), random);
    }

    /** What the tests above cut is of every kind, query heads chosen in several key/value groups among them. */
    @Test
    void areOfEveryRole() {
        Set<Role> roles = EnumSet.noneOf(Role.class);
        int sets = 0;
        for (int seed : FoundGroupsTest.seeds().toArray()) {
            Random random = new Random(seed);
            Style style = Style.random(random);
            TestTransformer model = new TestTransformer(style, Sizes.random(random, style), Map.of());
            for (Units units : Structure.of(model.tape).units()) {
                roles.add(units.group().role());
                sets = Math.max(sets, units.sets());
            }
        }
        // ExpertGroupsTest has experts; tokens are no units with scores, and FamilyTokensTest takes them out.
        assertEquals(EnumSet.complementOf(EnumSet.of(Role.EXPERTS, Role.TOKENS)), roles);
        assertTrue(sets > 1);
    }

    private static void check(Style style, Sizes sizes, Random random) {
        TestTransformer model = new TestTransformer(style, sizes, Map.of());
        TestWeights weights = TestWeights.random(model.tape, random);
        double[] whole = weights.logits(model);
        Structure structure = Structure.of(model.tape);
        Selection all = new Selection(structure);
        for (Units units : structure.units()) {
            Selection selection = new Selection(structure);
            int[] worst = worst(units, scores(model.tape, units, weights, random), random);
            selection.remove(units, worst);
            all.remove(units, worst);
            String message = units.group().name() + " of " + style + ", " + sizes;
            double[] zeroed = assertCutAsZeroed(selection, model, style, sizes, weights, message);
            assertTrue(distance(whole, zeroed) > TOLERANCE, message + " changes nothing");
        }
        assertCutAsZeroed(all, model, style, sizes, weights, "all groups of " + style + ", " + sizes);
    }

    /** Returns what the zeroed model computes. */
    private static double[] assertCutAsZeroed(
            Selection selection, TestTransformer model, Style style, Sizes sizes, TestWeights weights, String message) {
        Gone gone = (tensor, axis) -> gone(selection, model.tape.leaf(tensor), axis);
        CutTape cut = CutTape.of(selection);
        Tape tape = cut.tape();
        TestWeights left = weights.cut(gone);
        assertTrue(left.fit(tape), message);
        assertEquals(selection.parametersAfter(), tape.parameterCount(), message);
        double[] computed = left.logits(model, tape, cut::value);
        double[] zeroed = weights.zeroed(gone).logits(new TestTransformer(style, sizes, weights.kept(gone)));
        double distance = distance(zeroed, computed);
        assertTrue(distance <= TOLERANCE, message + " differs by " + distance);
        return zeroed;
    }

    private static BitSet gone(Selection selection, Value leaf, int axis) {
        BitSet gone = new BitSet();
        gone.set(0, leaf.shape().extent(axis));
        IntStream.of(selection.kept(leaf, axis)).forEach(gone::clear);
        return gone;
    }

    /**
     * The squares of what operations say that the units' weights are; random where they say nothing of them.
     *
     * @return one for each unit
     */
    private static double[] scores(Tape tape, Units units, TestWeights weights, Random random) {
        Set<Value> stated = stated(tape);
        List<Member> scored = units.members().stream()
                .filter(member -> stated.contains(member.tensor()))
                .toList();
        return IntStream.range(0, units.count())
                .mapToDouble(unit -> scored.isEmpty()
                        ? random.nextDouble()
                        : scored.stream()
                                .mapToDouble(member -> weights.squares(
                                        member.tensor().name(), member.axis(), units.entries(member, unit)))
                                .sum())
                .toArray();
    }

    private static Set<Value> stated(Tape tape) {
        return tape.segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .flatMap(op -> op.weights().stream())
                .filter(use -> use.kind() != WeightUse.Kind.BIAS)
                .map(use -> use.weight().root())
                .collect(Collectors.toSet());
    }

    /** As many of the lowest scores in every set, but not all of it. */
    private static int[] worst(Units units, double[] scores, Random random) {
        int removed = 1 + random.nextInt(units.perSet() - 1);
        return IntStream.range(0, units.sets())
                .flatMap(set -> IntStream.range(set * units.perSet(), (set + 1) * units.perSet())
                        .boxed()
                        .sorted(Comparator.comparingDouble(unit -> scores[unit]))
                        .limit(removed)
                        .mapToInt(unit -> unit))
                .toArray();
    }
}
