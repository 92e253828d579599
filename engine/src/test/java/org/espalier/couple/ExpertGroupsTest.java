package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.SmallModel;
import org.espalier.couple.Group.Role;
import org.espalier.error.Failure;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.tape.Value;
import org.junit.jupiter.api.Test;

/**
 * Experts as groups of a model of 24 channels and two layers, the first with 5 experts of 12 neurons, of which each token is
 * given to 2, the second with an MLP of 20 neurons.
 */
class ExpertGroupsTest {

    private static final int CHANNELS = 24;
    private static final int NEURONS = 12;

    private final ModelConfig config = SmallModel.configWithExperts();
    private final Structure structure = Structure.of(new Transformer(config).shape());

    private Units units(int layer, Role role) {
        return structure.units(layer, role).orElseThrow();
    }

    @Test
    void anExpertHasItsMatricesAndItsRowOfTheRouter() {
        Units experts = units(0, Role.EXPERTS);
        assertEquals(5, experts.count());
        assertEquals(2, experts.least());
        assertEquals(3 * NEURONS * CHANNELS + CHANNELS, experts.group().parametersPerUnit());
        assertEquals("model.layers.0.mlp.experts", experts.group().name());
        assertEquals(Optional.empty(), structure.units(1, Role.EXPERTS));
    }

    @Test
    void everyExpertIsASetOfNeurons() {
        Units neurons = units(0, Role.NEURONS);
        assertEquals(5, neurons.sets());
        assertEquals(NEURONS, neurons.perSet());
        assertEquals(5 * 3 * CHANNELS, neurons.group().parametersPerUnit());
        assertEquals(1, neurons.width());
        assertEquals(3, neurons.alike().size());
        Units dense = units(1, Role.NEURONS);
        assertEquals(1, dense.sets());
        assertEquals(20, dense.perSet());
        assertEquals(3 * CHANNELS, dense.group().parametersPerUnit());
    }

    @Test
    void tooManyOrTooFewExpertsAreRefused() {
        ObjectNode json = Architectures.json(config);
        json.put("num_hidden_layers", 4000).put("num_experts", 128);
        refused(json, "experts, at most 32768 are supported");
        refused(Architectures.json(config).put("num_experts", 1), "each token is given to 2");
        refused(Architectures.json(config).put("num_experts", 4000), "at most 2048");
    }

    private static void refused(ObjectNode json, String part) {
        Failure failure = assertThrows(Failure.class, () -> Architectures.read(json, "this test"));
        String said = failure.problem() + ", " + failure.advice();
        assertTrue(said.contains(part), said);
    }

    @Test
    void whatIsLeftIsWhatIsCounted() {
        Units experts = units(0, Role.EXPERTS);
        Units neurons = units(0, Role.NEURONS);
        Selection selection = new Selection(structure);
        selection.remove(experts, 1, 3);
        selection.remove(
                neurons, IntStream.range(0, 5).map(set -> set * NEURONS + set).toArray());
        long before = structure.tape().parameterCount();
        long gone = 2 * experts.group().parametersPerUnit() + 3 * 3 * CHANNELS;
        assertEquals(before - gone, selection.parametersAfter());
        assertEquals(selection.parametersAfter(), CutTape.of(selection).tape().parameterCount());
        ModelConfig left = PrunedConfig.of(config, selection);
        assertEquals(
                new ModelConfig.LayerConfig(4, 2, NEURONS - 1, 3), left.layers().getFirst());
        assertEquals(selection.parametersAfter(), new Transformer(left).shape().parameterCount());
        assertEquals(
                "model.layers.0.mlp.experts.4.up_proj.weight",
                PrunedConfig.sourceName(config, selection, "model.layers.0.mlp.experts.2.up_proj.weight", 0));
        Value last = structure.tape().leaf("model.layers.0.mlp.experts.4.down_proj.weight");
        assertArrayEquals(
                IntStream.range(0, NEURONS).filter(neuron -> neuron != 4).toArray(), selection.kept(last, 1));
        assertEquals(3 * (NEURONS - 1), selection.staying(neurons).length);
        assertEquals(
                List.of(0, 2, 4),
                IntStream.of(selection.staying(experts)).boxed().toList());
    }
}
