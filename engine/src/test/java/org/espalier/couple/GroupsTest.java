package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.junit.jupiter.api.Test;

class GroupsTest {

    private static List<Group> llama(int hidden, int heads, int kvHeads, int headDim, int neurons, int layers, int vocab,
            boolean tied) {
        ModelConfig config = new ModelConfig("LlamaForCausalLM", "llama", vocab, hidden, headDim,
                Collections.nCopies(layers, new LayerConfig(heads, kvHeads, neurons)), 1e-5, RotaryConfig.plain(10000),
                2048, tied, false, false, false);
        return Groups.of(new Llama(config).shape()).groups();
    }

    private static Group first(List<Group> groups, Group.Role role) {
        return groups.stream().filter(g -> g.role() == role).findFirst().orElseThrow();
    }

    @Test
    void aHeadOfLlama7BCarriesTwoMillionParameters() {
        List<Group> groups = llama(4096, 32, 32, 128, 11008, 2, 32000, false);
        Group heads = first(groups, Group.Role.HEADS);
        assertEquals(32, heads.units());
        assertEquals(2_097_152, heads.parametersPerUnit());
        assertEquals(4, heads.parameters().size());
        Group neurons = first(groups, Group.Role.NEURONS);
        assertEquals(11008, neurons.units());
        assertEquals(3 * 4096, neurons.parametersPerUnit());
        assertEquals(2, groups.stream().filter(g -> g.role() == Group.Role.HEADS).count());
        assertTrue(groups.stream().noneMatch(g -> g.role() == Group.Role.QUERY_HEADS));
    }

    @Test
    void aKeyValueGroupOfLlama3CarriesItsQueries() {
        Group heads = first(llama(4096, 32, 8, 128, 14336, 1, 128256, false), Group.Role.HEADS);
        assertEquals(8, heads.units());
        assertEquals(5_242_880, heads.parametersPerUnit());
    }

    @Test
    void queryHeadsOfAllGroupsGoTogether() {
        List<Group> groups = llama(576, 9, 3, 64, 1536, 1, 49152, true);
        Group queries = first(groups, Group.Role.QUERY_HEADS);
        assertEquals(3, queries.units());
        assertEquals(2 * 3 * 64 * 576, queries.parametersPerUnit());
        Member query = queries.parameters().stream().filter(m -> m.tensor().name().endsWith("q_proj.weight")).findFirst()
                .orElseThrow();
        long[] second = query.entries(1, 3);
        assertEquals(192, second.length);
        assertArrayEquals(new long[] {64, 127, 256, 319, 448, 511},
                new long[] {second[0], second[63], second[64], second[127], second[128], second[191]});
    }

    @Test
    void theResidualStreamIsOneGroupWithTheTiedTable() {
        List<Group> groups = llama(576, 9, 3, 64, 1536, 30, 49152, true);
        Group channels = first(groups, Group.Role.CHANNELS);
        assertEquals(1, groups.stream().filter(g -> g.role() == Group.Role.CHANNELS).count());
        assertEquals(576, channels.units());
        long perLayer = 2 + 9 * 64 * 2 + 3 * 64 * 2 + 3 * 1536;
        assertEquals(30 * perLayer + 1 + 49152, channels.parametersPerUnit());
    }

    @Test
    void dimensionsOfQueriesAndKeysArePairsSharedThroughTheRotaryTable() {
        Group dims = first(llama(64, 8, 2, 8, 176, 3, 256, false), Group.Role.HEAD_DIMENSIONS);
        assertEquals(4, dims.units());
        assertTrue(dims.tied());
        assertEquals(6, dims.parameters().size());
        Member key = dims.parameters().stream().filter(m -> m.tensor().name().contains("k_proj")).findFirst().orElseThrow();
        assertArrayEquals(new long[] {1, 5, 9, 13}, key.entries(1, 4));
    }
}
