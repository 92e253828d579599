package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Sizes.Block;
import org.espalier.couple.Style.Gate;
import org.espalier.couple.Style.Option;
import org.espalier.couple.Style.Projections;
import org.espalier.couple.Style.Rotation;
import org.junit.jupiter.api.Test;

/** Units of models of published sizes, by hand. Recording needs shapes only, so the sizes cost nothing. */
class PublishedSizesTest {

    private static List<Group> groups(Style style, int channels, int pairs, Block block) {
        return Groups.of(new TestTransformer(style, new Sizes(channels, pairs, List.of(block)), Map.of()).tape)
                .groups();
    }

    private static Group only(List<Group> groups, Role role) {
        List<Group> found = groups.stream().filter(g -> g.role() == role).toList();
        assertEquals(
                1,
                found.size(),
                role + " among " + groups.stream().map(Group::name).toList());
        return found.getFirst();
    }

    private static void assertUnits(Group group, long units, long parameters) {
        assertEquals(units, group.units(), group.name());
        assertEquals(parameters, group.parametersPerUnit(), group.name());
    }

    private static Member member(Group group, String tensor) {
        return group.members().stream()
                .filter(m -> m.tensor().name().equals(tensor))
                .findFirst()
                .orElseThrow();
    }

    private static long[] entries(Group group, String tensor, long unit) {
        return member(group, tensor).entries(unit);
    }

    @Test
    void chatGlm6B() {
        List<Group> groups = groups(
                Style.of(
                        Projections.PER_HEAD,
                        Gate.NONE,
                        Rotation.TWO_DIMENSIONAL,
                        Option.BIASES,
                        Option.LAYER_NORM,
                        Option.NORMED_RESIDUAL),
                4096,
                32,
                new Block(32, 1, 0, 128, 16384));
        Group heads = only(groups, Role.HEADS);
        assertUnits(heads, 32, 3 * 128 * (4096 + 1) + 128 * 4096);
        assertArrayEquals(LongStream.range(384, 768).toArray(), entries(heads, "h.0.attn.qkv.weight", 1));
        assertArrayEquals(LongStream.range(128, 256).toArray(), entries(heads, "h.0.attn.o.weight", 1));
        assertUnits(only(groups, Role.NEURONS), 16384, 2 * 4096 + 1);
        Group pairs = only(groups, Role.HEAD_DIMENSIONS);
        assertTrue(pairs.tied());
        assertUnits(pairs, 32, 32 * 2 * 4 * (4096 + 1));
        long[] rows = LongStream.range(0, 32)
                .flatMap(head -> LongStream.range(0, 8).map(part -> head * 384 + part * 32 + 5))
                .toArray();
        assertArrayEquals(
                rows,
                LongStream.of(entries(pairs, "h.0.attn.qkv.weight", 5)).sorted().toArray());
        assertUnits(only(groups, Role.VALUE_DIMENSIONS), 128, 32 * (4096 + 1) + 32 * 4096);
        Group channels = only(groups, Role.CHANNELS);
        long matrices = 3 * 4096 + 4096 + 2 * 16384;
        assertUnits(channels, 4096, 2 * 11 + matrices + 3 * 2 + 2);
        assertTrue(channels.normalised());
    }

    @Test
    void falcon40B() {
        List<Group> groups = groups(
                Style.of(
                        Projections.HEADS_AXIS,
                        Gate.NONE,
                        Rotation.HALVES,
                        Option.LAYER_NORM,
                        Option.PARALLEL,
                        Option.TIED),
                8192,
                32,
                new Block(8, 16, 0, 64, 32768));
        assertUnits(only(groups, Role.HEADS), 8, 18 * 64 * 8192 + 16 * 64 * 8192);
        Group queries = only(groups, Role.QUERY_HEADS);
        assertUnits(queries, 16, 8 * 64 * 8192 * 2);
        long[] rows = entries(queries, "h.0.attn.qkv.weight", 1);
        assertEquals(8 * 64, rows.length);
        assertEquals(64, rows[0]);
        assertEquals(18 * 64 + 64, rows[64]);
        assertUnits(only(groups, Role.NEURONS), 32768, 2 * 8192);
    }

    @Test
    void phi3Mini() {
        for (Projections projections : List.of(Projections.CHUNKED, Projections.SLICED_ROWS)) {
            for (Gate gate : List.of(Gate.CHUNKED, Gate.SLICED_ROWS)) {
                List<Group> groups =
                        groups(Style.of(projections, gate, Rotation.HALVES), 3072, 48, new Block(32, 1, 0, 96, 8192));
                Group heads = only(groups, Role.HEADS);
                assertUnits(heads, 32, 4 * 96 * 3072);
                LongStream rows =
                        LongStream.of(0, 3072, 6144).flatMap(part -> LongStream.range(part + 192, part + 288));
                assertArrayEquals(rows.toArray(), entries(heads, "h.0.attn.qkv.weight", 2));
                Group neurons = only(groups, Role.NEURONS);
                assertUnits(neurons, 8192, 3 * 3072);
                assertArrayEquals(new long[] {7, 8192 + 7}, entries(neurons, "h.0.mlp.gate_up.weight", 7));
            }
        }
    }

    /** A quarter of every head is rotated, neighbours together; the rest are dimensions of their own. */
    @Test
    void gptJ6B() {
        List<Group> groups = groups(
                Style.of(Projections.SEPARATE, Gate.NONE, Rotation.INTERLEAVED, Option.LAYER_NORM, Option.PARALLEL),
                4096,
                32,
                new Block(16, 1, 192, 256, 16384));
        assertUnits(only(groups, Role.HEADS), 16, 4 * 256 * 4096);
        List<Group> dimensions =
                groups.stream().filter(g -> g.role() == Role.HEAD_DIMENSIONS).toList();
        assertEquals(List.of(32L, 192L), dimensions.stream().map(Group::units).toList());
        assertEquals(List.of(true, false), dimensions.stream().map(Group::tied).toList());
        assertUnits(dimensions.get(0), 32, 2 * 16 * 2 * 4096);
        assertUnits(dimensions.get(1), 192, 2 * 16 * 4096);
        long[] first = entries(dimensions.get(0), "h.0.attn.q.weight", 3);
        assertArrayEquals(
                new long[] {6, 7, 256 + 6, 256 + 7},
                LongStream.of(first).limit(4).toArray());
        assertEquals(64 + 3, entries(dimensions.get(1), "h.0.attn.q.weight", 3)[0]);
    }

    @Test
    void gptOssGatesThatAreNeighbours() {
        List<Group> groups = groups(
                Style.of(Projections.SEPARATE, Gate.NEIGHBOURS, Rotation.HALVES, Option.BIASES),
                2880,
                32,
                new Block(8, 8, 0, 64, 2880));
        Group neurons = only(groups, Role.NEURONS);
        assertUnits(neurons, 2880, 2 * (2880 + 1) + 2880);
        assertArrayEquals(new long[] {10, 11}, entries(neurons, "h.0.mlp.gate_up.weight", 5));
    }

    /** Matrices are stored transposed: rows and columns change places. */
    @Test
    void gpt2() {
        List<Group> groups = groups(
                Style.of(
                        Projections.CHUNKED,
                        Gate.NONE,
                        Rotation.NONE,
                        Option.BIASES,
                        Option.LAYER_NORM,
                        Option.LEARNED_POSITIONS,
                        Option.TRANSPOSED_WEIGHTS,
                        Option.TIED),
                768,
                1,
                new Block(12, 1, 64, 64, 3072));
        Group heads = only(groups, Role.HEADS);
        assertUnits(heads, 12, 4 * 64 * 768 + 3 * 64);
        Member fused = member(heads, "h.0.attn.qkv.weight");
        assertEquals(1, fused.axis());
        assertEquals(
                LongStream.of(0, 768, 1536)
                        .mapToObj(part -> new Member.Run(part, 1, 768, 64))
                        .toList(),
                fused.runs());
        assertUnits(only(groups, Role.NEURONS), 3072, 2 * 768 + 1);
    }
}
