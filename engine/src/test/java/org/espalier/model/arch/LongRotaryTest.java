package org.espalier.model.arch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.RotaryConfig;
import org.junit.jupiter.api.Test;

/** Scalings of rotary positions against frequencies and factors that transformers 5.17 computed. */
class LongRotaryTest {

    private static final double[] SHORT = {1, 1.1, 1.25, 1.5, 2, 2.5, 3, 4};

    /** Of 64 channels in 4 heads and 4,096 positions. */
    private static ObjectNode llama(double base, String kind) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", "llama")
                .put("vocab_size", 32)
                .put("hidden_size", 64)
                .put("intermediate_size", 8);
        json.put("num_attention_heads", 4).put("num_hidden_layers", 1).put("max_position_embeddings", 4096);
        json.putObject("rope_parameters").put("rope_theta", base).put("rope_type", kind);
        return json;
    }

    private static ObjectNode scaling(ObjectNode json) {
        return (ObjectNode) json.get("rope_parameters");
    }

    private static ObjectNode longRope() {
        ObjectNode json = llama(10000, "longrope");
        scaling(json).put("original_max_position_embeddings", 512);
        for (int i = 0; i < SHORT.length; i++) {
            scaling(json).withArray("short_factor").add(SHORT[i]);
            scaling(json).withArray("long_factor").add(i + 2);
        }
        return json;
    }

    private static ModelConfig read(ObjectNode json) {
        return Architectures.read(json, "this test");
    }

    private static void assertRotates(ObjectNode json, double length, double... frequencies) {
        ModelConfig config = read(json);
        RotaryConfig rotary = ((LlamaConfig) config).rotary();
        double[] found = rotary.frequencies(16);
        assertEquals(frequencies.length, found.length);
        for (int i = 0; i < found.length; i++) {
            assertEquals(frequencies[i], found[i], 1e-6 * frequencies[i] + 1e-9, "frequency " + i);
        }
        int each = rotary.rowsForEach();
        int third = 2 * each * 16;
        double[] table = rotary.table(3 * each, 16);
        assertEquals(length, table[0], 1e-9);
        assertEquals(0, table[8], 0);
        assertEquals(length * Math.cos(2 * found[1]), table[third + 1], 1e-12);
        assertEquals(length * Math.sin(2 * found[1]), table[third + 8 + 1], 1e-12);
        RotaryConfig again = ((LlamaConfig) read(Architectures.json(config))).rotary();
        assertArrayEquals(found, again.frequencies(16), 1e-15);
        assertArrayEquals(table, again.table(3 * each, 16), 1e-15);
    }

    @Test
    void yarnBlendsByHowOftenPairsTurn() {
        ObjectNode json = llama(10000, "yarn");
        scaling(json).put("factor", 4.0).put("original_max_position_embeddings", 1024);
        assertRotates(
                json,
                1.138629436111989,
                1.0,
                0.316227764,
                0.081250004,
                0.019764237,
                0.004375,
                0.000790569,
                0.00025,
                7.9057e-05);
    }

    @Test
    void yarnTakesWhatTheConfigurationSays() {
        ObjectNode json = llama(1e6, "yarn");
        scaling(json)
                .put("factor", 8.0)
                .put("original_max_position_embeddings", 256)
                .put("truncate", false);
        scaling(json)
                .put("beta_fast", 16)
                .put("beta_slow", 2)
                .put("mscale", 1.0)
                .put("mscale_all_dim", 0.5);
        assertRotates(
                json,
                1.094179988101349,
                1.0,
                0.118547551,
                0.003952847,
                0.000702927,
                0.000125,
                2.2228e-05,
                3.953e-06,
                7.03e-07);
    }

    @Test
    void longRopeSwitchesBeyondTheOriginalContext() {
        assertRotates(
                longRope(),
                1.1547005383792515,
                1.0,
                0.287479758,
                0.079999998,
                0.02108185,
                0.005,
                0.001264911,
                0.000333333,
                7.9057e-05);
        ModelConfig config = read(longRope());
        assertEquals(4096, config.maxPositions());
        assertEquals(512, config.switchesBeyond());
        double[] table = ((LlamaConfig) config).rotary().table(4, 16);
        // The second position's row beyond the context: its second pair is over 3 in place of 1.1.
        assertEquals(1.1547005383792515 * Math.cos(Math.pow(10000, -0.125) / 3), table[3 * 16 + 1], 1e-12);
        ObjectNode whole = longRope();
        scaling(whole).put("original_max_position_embeddings", 4096);
        assertEquals(Integer.MAX_VALUE, read(whole).switchesBeyond());
    }

    /** The base of transformers' dynamic scaling grows only beyond the context that a model has. */
    @Test
    void dynamicScalingIsNoneWithinTheContext() {
        ObjectNode json = llama(10000, "dynamic");
        scaling(json).put("factor", 4.0);
        assertEquals(RotaryConfig.plain(10000), ((LlamaConfig) read(json)).rotary());
        scaling(json).put("original_max_position_embeddings", 1024);
        refused(json, "original_max_position_embeddings is 1024");
    }

    @Test
    void divisorsOfAnotherNumberAreRefused() {
        ObjectNode few = longRope();
        scaling(few).withArray("long_factor").remove(0);
        refused(few, "long_factor has 7 numbers");
        ObjectNode zero = longRope();
        scaling(zero).withArray("short_factor").set(0, 0);
        refused(zero, "short_factor");
        ObjectNode words = longRope();
        scaling(words).put("short_factor", "none");
        refused(words, "must be a list of numbers");
        ObjectNode nothing = llama(10000, "yarn");
        scaling(nothing).put("factor", 0);
        refused(nothing, "factor is 0");
        refused(llama(1, "yarn"), "rope_theta is 1.0");
        for (String kind : List.of("yarm", "proportional")) {
            refused(llama(10000, kind), "'" + kind + "' is not supported");
        }
    }

    private static void refused(ObjectNode json, String problem) {
        Failure failure = assertThrows(Failure.class, () -> read(json));
        assertTrue(failure.getMessage().contains(problem), failure::getMessage);
    }
}
