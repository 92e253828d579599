package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Sizes.Block;
import org.espalier.couple.Sizes.Knob;
import org.espalier.couple.Style.Gate;
import org.espalier.couple.Style.Option;
import org.espalier.couple.Style.Projections;
import org.espalier.couple.Style.Rotation;
import org.espalier.couple.TestWeights.Removal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is found in a recorded model is what the model can be built smaller by, whatever its style: every size is a group,
 * every group is a size, a model without the units that a group names computes what the whole one computes with them
 * zeroed. Normalisations that average over them run over those that are kept.
 */
class FoundGroupsTest {

    static final double TOLERANCE = 1e-10;

    static Stream<Arguments> published() {
        return Stream.of(
                named(
                        "LLaMA",
                        6,
                        2,
                        new Block(2, 3, 0, 4, 5),
                        Style.of(Projections.SEPARATE, Gate.SEPARATE, Rotation.HALVES)),
                named(
                        "Qwen3",
                        6,
                        2,
                        new Block(2, 3, 0, 4, 6),
                        Style.of(Projections.SEPARATE, Gate.SEPARATE, Rotation.HALVES, Option.HEAD_NORM, Option.TIED)),
                named(
                        "Phi-3",
                        8,
                        3,
                        new Block(2, 2, 0, 6, 8),
                        Style.of(Projections.CHUNKED, Gate.CHUNKED, Rotation.HALVES)),
                named(
                        "BLOOM",
                        6,
                        1,
                        new Block(3, 1, 4, 4, 6),
                        Style.of(
                                Projections.PER_HEAD,
                                Gate.NONE,
                                Rotation.NONE,
                                Option.BIASES,
                                Option.LAYER_NORM,
                                Option.EMBEDDING_NORM,
                                Option.TIED)),
                named(
                        "ChatGLM",
                        8,
                        2,
                        new Block(2, 1, 0, 8, 8),
                        Style.of(
                                Projections.PER_HEAD,
                                Gate.NONE,
                                Rotation.TWO_DIMENSIONAL,
                                Option.BIASES,
                                Option.LAYER_NORM,
                                Option.NORMED_RESIDUAL)),
                named(
                        "Falcon",
                        6,
                        2,
                        new Block(2, 3, 0, 4, 5),
                        Style.of(
                                Projections.HEADS_AXIS,
                                Gate.NONE,
                                Rotation.HALVES,
                                Option.LAYER_NORM,
                                Option.PARALLEL,
                                Option.TIED)),
                named(
                        "GPT-J",
                        8,
                        2,
                        new Block(4, 1, 2, 6, 8),
                        Style.of(
                                Projections.SEPARATE,
                                Gate.NONE,
                                Rotation.INTERLEAVED,
                                Option.LAYER_NORM,
                                Option.PARALLEL,
                                Option.BIASES)),
                named(
                        "GPT-2",
                        6,
                        1,
                        new Block(3, 1, 2, 2, 12),
                        Style.of(
                                Projections.CHUNKED,
                                Gate.NONE,
                                Rotation.NONE,
                                Option.BIASES,
                                Option.LAYER_NORM,
                                Option.LEARNED_POSITIONS,
                                Option.TRANSPOSED_WEIGHTS,
                                Option.TIED)));
    }

    private static Arguments named(String name, int channels, int pairs, Block block, Style style) {
        return Arguments.of(name, style, new Sizes(channels, pairs, List.of(block, block)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("published")
    void areTheSizesOfAPublishedModel(String name, Style style, Sizes sizes) {
        check(style, sizes, new Random(name.hashCode()));
    }

    static IntStream seeds() {
        return IntStream.range(0, 100);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void areTheSizesOfAnyModel(int seed) {
        Random random = new Random(seed);
        Style style = Style.random(random);
        check(style, Sizes.random(random, style), random);
    }

    private static void check(Style style, Sizes sizes, Random random) {
        TestTransformer model = new TestTransformer(style, sizes, Map.of());
        TestWeights weights = TestWeights.random(model.tape, random);
        double[] whole = weights.logits(model);
        List<Knob> knobs = new ArrayList<>(sizes.knobs(style));
        for (Group group : Groups.of(model.tape).groups()) {
            String subject = group.name() + " of " + style + ", " + sizes;
            Removal some = new Removal(group, several(random, (int) group.units()));
            double[] zeroed = weights.zeroed(some).logits(new TestTransformer(style, sizes, weights.kept(some)));
            Knob knob = theOnlyEqual(knobs, style, weights.cut(some), some, zeroed, subject);
            assertTrue(distance(whole, zeroed) > TOLERANCE, subject + " changes nothing");
            long parameters =
                    model.tape.parameterCount() - smaller(knob, style, 1).tape.parameterCount();
            assertEquals(parameters, group.parametersPerUnit(), subject);
            knobs.remove(knob);
        }
        assertEquals(List.of(), knobs.stream().map(Knob::name).toList(), style + ", " + sizes);
    }

    /** The size that, made smaller, gives a model of exactly the shapes that are left, which computes the same. */
    private static Knob theOnlyEqual(
            List<Knob> knobs, Style style, TestWeights cut, Removal removal, double[] expected, String subject) {
        int by = removal.units().length;
        List<Knob> fitting = knobs.stream()
                .filter(k -> k.size() == removal.group().units())
                .filter(k -> cut.fit(smaller(k, style, by).tape))
                .toList();
        List<Double> distances = fitting.stream()
                .map(k -> distance(expected, cut.logits(smaller(k, style, by))))
                .toList();
        List<Knob> equal = fitting.stream()
                .filter(k -> distances.get(fitting.indexOf(k)) <= TOLERANCE)
                .toList();
        assertEquals(
                1,
                equal.size(),
                subject + " fits " + fitting.stream().map(Knob::name).toList() + " with " + distances);
        return equal.getFirst();
    }

    private static TestTransformer smaller(Knob knob, Style style, int by) {
        return new TestTransformer(style, knob.with().apply(knob.size() - by), Map.of());
    }

    /** Some units, but not all. */
    private static int[] several(Random random, int units) {
        return random.ints(0, units)
                .distinct()
                .limit(1 + random.nextInt(units - 1))
                .toArray();
    }

    static double distance(double[] a, double[] b) {
        double largest = Arrays.stream(a).map(Math::abs).max().orElseThrow();
        return IntStream.range(0, a.length)
                        .mapToDouble(i -> Math.abs(a[i] - b[i]))
                        .max()
                        .orElseThrow()
                / largest;
    }
}
