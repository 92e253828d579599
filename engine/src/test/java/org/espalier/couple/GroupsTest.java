package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Tape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GroupsTest {

    private static List<Group> llama(
            int hidden, int heads, int kvHeads, int headDim, int neurons, int layers, int vocab, boolean tied) {
        return groups(config(
                hidden,
                headDim,
                Collections.nCopies(layers, new LayerConfig(heads, kvHeads, neurons)),
                vocab,
                tied,
                false));
    }

    private static ModelConfig config(
            int hidden, int headDim, List<LayerConfig> layers, int vocab, boolean tied, boolean biased) {
        return Llama.config(
                new ModelConfig.Sizes(vocab, hidden, headDim, layers, 2048),
                1e-5,
                RotaryConfig.plain(10000),
                tied,
                new Biases(biased, biased, biased));
    }

    private static List<Group> groups(ModelConfig config) {
        return Groups.of(new Transformer(config).shape()).groups();
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
        assertEquals(
                2, groups.stream().filter(g -> g.role() == Group.Role.HEADS).count());
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
        Member query = queries.parameters().stream()
                .filter(m -> m.tensor().name().endsWith("q_proj.weight"))
                .findFirst()
                .orElseThrow();
        long[] second = query.entries(1);
        assertEquals(192, second.length);
        assertArrayEquals(
                new long[] {64, 127, 256, 319, 448, 511},
                new long[] {second[0], second[63], second[64], second[127], second[128], second[191]});
    }

    @Test
    void theResidualStreamIsOneGroupWithTheTiedTable() {
        List<Group> groups = llama(576, 9, 3, 64, 1536, 30, 49152, true);
        Group channels = first(groups, Group.Role.CHANNELS);
        assertEquals(
                1, groups.stream().filter(g -> g.role() == Group.Role.CHANNELS).count());
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
        Member key = dims.parameters().stream()
                .filter(m -> m.tensor().name().contains("k_proj"))
                .findFirst()
                .orElseThrow();
        assertArrayEquals(new long[] {1, 5, 9, 13}, key.entries(1));
    }

    @Test
    void biasesGoWithTheirRows() {
        List<Group> groups = groups(config(64, 8, List.of(new LayerConfig(8, 2, 176)), 256, false, true));
        assertEquals(
                (4 + 1 + 1) * 8 * (64 + 1) + 4 * 8 * 64,
                first(groups, Group.Role.HEADS).parametersPerUnit());
        assertEquals(
                2 * 8 * (64 + 1) + 2 * 8 * 64,
                first(groups, Group.Role.QUERY_HEADS).parametersPerUnit());
        assertEquals(2 * (64 + 1) + 64, first(groups, Group.Role.NEURONS).parametersPerUnit());
        long columns = (8 + 2 + 2) * 8 + 2 * 176;
        long rows = 8 * 8 + 1 + 176 + 1;
        assertEquals(
                2 * 256 + 3 + columns + rows, first(groups, Group.Role.CHANNELS).parametersPerUnit());
    }

    /** Logits, losses of all tokens and of some, and one token more with a cache: the model is the same. */
    @Test
    void everyRecordingOfAModelHasTheSameGroups() {
        Transformer llama = new Transformer(
                config(12, 4, List.of(new LayerConfig(6, 2, 5), new LayerConfig(3, 3, 12)), 20, true, true));
        List<String> expected = described(llama.shape());
        for (Transformer.Recording recording :
                List.of(llama.logits(7), llama.loss(7), llama.loss(7, 3), llama.cached(2, 1, 9))) {
            assertEquals(expected, described(recording.tape()));
        }
    }

    private static List<String> described(Tape tape) {
        return Groups.of(tape).groups().stream()
                .map(g -> g.id() + " " + g.name() + " " + g.units() + " " + g.unitSize() + " " + g.parametersPerUnit())
                .toList();
    }

    /**
     * Every unit carries as many parameters as a model loses that is configured one smaller, whatever coincides: as many
     * neurons as channels, heads that fill the channels exactly or not, one key/value head, as many as heads.
     */
    @ParameterizedTest
    @MethodSource("seeds")
    void unitsAreWhatASmallerConfigurationLacks(int seed) {
        ModelConfig config = random(new Random(seed));
        Map<String, Long> expected = new TreeMap<>();
        smaller(config).forEach((name, lesser) -> expected.put(name, parameters(config) - parameters(lesser)));
        Map<String, Long> found = new TreeMap<>();
        groups(config).stream()
                .filter(g -> g.role() != Group.Role.HEAD_DIMENSIONS && g.role() != Group.Role.VALUE_DIMENSIONS)
                .forEach(g -> found.put(g.name() + " " + g.units(), g.parametersPerUnit()));
        assertEquals(expected, found);
    }

    private static long parameters(ModelConfig config) {
        return new Transformer(config).shape().parameterCount();
    }

    private static ModelConfig random(Random random) {
        int hidden = 2 + random.nextInt(12);
        List<LayerConfig> layers = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            int kvHeads = 1 + random.nextInt(4);
            int neurons = random.nextBoolean() ? hidden : random.nextInt(14);
            layers.add(new LayerConfig(kvHeads * random.nextInt(4), kvHeads, neurons));
        }
        return config(hidden, 2 * (1 + random.nextInt(4)), layers, 50, random.nextBoolean(), random.nextBoolean());
    }

    /** The configurations with one unit less, by the name of what they lose it of and how many there were. */
    private static Map<String, ModelConfig> smaller(ModelConfig of) {
        Map<String, ModelConfig> smaller = new TreeMap<>();
        smaller.put(
                (of.tied() ? "model.channels " : "channels ") + of.hidden(),
                config(
                        of.hidden() - 1,
                        of.headDim(),
                        of.layers(),
                        of.vocab(),
                        of.tied(),
                        ((LlamaConfig) of).biases().mlp()));
        for (int i = 0; i < of.layers().size(); i++) {
            int layer = i;
            smallerBlocks(of.layers().get(i)).forEach((name, block) -> {
                List<LayerConfig> layers = new ArrayList<>(of.layers());
                layers.set(layer, block);
                smaller.put(
                        "model.layers." + layer + "." + name,
                        config(
                                of.hidden(),
                                of.headDim(),
                                layers,
                                of.vocab(),
                                of.tied(),
                                ((LlamaConfig) of).biases().mlp()));
            });
        }
        return smaller;
    }

    static IntStream seeds() {
        return IntStream.range(0, 60);
    }

    /** What a block can lose one unit of, by name and number of units. */
    private static Map<String, LayerConfig> smallerBlocks(LayerConfig old) {
        Map<String, LayerConfig> smaller = new TreeMap<>();
        int queries = old.heads() / old.kvHeads();
        if (queries > 0 && old.kvHeads() > 1) {
            smaller.put(
                    "self_attn.heads " + old.kvHeads(),
                    new LayerConfig(queries * (old.kvHeads() - 1), old.kvHeads() - 1, old.intermediate()));
        }
        if (queries > 1) {
            smaller.put(
                    "self_attn.query_heads " + queries,
                    new LayerConfig((queries - 1) * old.kvHeads(), old.kvHeads(), old.intermediate()));
        }
        if (old.intermediate() > 1) {
            smaller.put(
                    "mlp.neurons " + old.intermediate(),
                    new LayerConfig(old.heads(), old.kvHeads(), old.intermediate() - 1));
        }
        return smaller;
    }
}
