package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What GGUF files say, in Hugging Face's words. */
class GgufTest {

    @TempDir
    Path temp;

    @Test
    void readsEveryKindOfValue() throws IOException {
        byte[] nested = GgufBuilder.concat(
                GgufBuilder.little(12).putInt(GgufBuilder.UINT8).putLong(2).array(), new byte[] {1, 2});
        byte[] bytes = new GgufBuilder()
                .put("u8", GgufBuilder.UINT8, 200)
                .raw("i8-", 1, new byte[] {-3})
                .raw("u16", 2, GgufBuilder.little(2).putShort((short) -1).array())
                .raw("i16", 3, GgufBuilder.little(2).putShort((short) -1).array())
                .put("u32", GgufBuilder.UINT32, 0xFFFF_FFFFL)
                .put("i32", GgufBuilder.INT32, -1)
                .put("u64", GgufBuilder.UINT64, 1L << 40)
                .putFloat("f32", 0.5f)
                .raw(
                        "f64",
                        GgufBuilder.FLOAT64,
                        GgufBuilder.little(8).putDouble(0.1).array())
                .put("bool", GgufBuilder.BOOL, 1)
                .putString("text", "grün")
                .putStrings("texts", "a", "", "ü")
                .putInts("ints", 1, -2)
                .putArray(
                        "doubles",
                        GgufBuilder.FLOAT64,
                        1,
                        GgufBuilder.little(8).putDouble(0.25).array())
                .putArray(
                        "floats",
                        GgufBuilder.FLOAT32,
                        1,
                        GgufBuilder.little(4).putFloat(0.25f).array())
                .putArray(
                        "longs",
                        GgufBuilder.UINT64,
                        1,
                        GgufBuilder.little(8).putLong(7).array())
                .putArray(
                        "shorts",
                        3,
                        1,
                        GgufBuilder.little(2).putShort((short) 7).array())
                .putArray("bools", GgufBuilder.BOOL, 2, new byte[] {1, 0})
                .putArray("nested", GgufBuilder.ARRAY, 1, nested)
                .build();
        try (GgufFile file = GgufFile.open(write(bytes))) {
            var values = file.metadata();
            assertEquals(200L, values.get("u8"));
            assertEquals(-3L, values.get("i8-"));
            assertEquals(65535L, values.get("u16"));
            assertEquals(-1L, values.get("i16"));
            assertEquals(0xFFFF_FFFFL, values.get("u32"));
            assertEquals(-1L, values.get("i32"));
            assertEquals(1L << 40, values.get("u64"));
            assertEquals(0.5f, values.get("f32"));
            assertEquals(0.1, values.get("f64"));
            assertEquals(true, values.get("bool"));
            assertEquals("grün", values.get("text"));
            assertArrayEquals(new String[] {"a", "", "ü"}, (String[]) values.get("texts"));
            assertArrayEquals(new int[] {1, -2}, (int[]) values.get("ints"));
            assertArrayEquals(new double[] {0.25}, (double[]) values.get("doubles"));
            assertArrayEquals(new float[] {0.25f}, (float[]) values.get("floats"));
            assertArrayEquals(new long[] {7}, (long[]) values.get("longs"));
            assertArrayEquals(new short[] {7}, (short[]) values.get("shorts"));
            assertArrayEquals(new boolean[] {true, false}, (boolean[]) values.get("bools"));
            assertArrayEquals(new byte[] {1, 2}, (byte[]) ((Object[]) values.get("nested"))[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void describesALlama(int version) throws IOException {
        JsonNode config = config(GgufBuilder.tinyLlama("llama").version(version));
        assertEquals("LlamaForCausalLM", config.at("/architectures/0").asText());
        assertEquals("llama", config.get("model_type").asText());
        assertEquals(8, config.get("hidden_size").asInt());
        assertEquals(16, config.get("intermediate_size").asInt());
        assertEquals(2, config.get("num_attention_heads").asInt());
        assertEquals(1, config.get("num_key_value_heads").asInt());
        assertEquals(4, config.get("head_dim").asInt());
        assertEquals(1e-5, config.get("rms_norm_eps").asDouble());
        assertEquals(10000, config.get("rope_theta").asDouble());
        assertEquals(64, config.get("max_position_embeddings").asInt());
        assertEquals(5, config.get("vocab_size").asInt());
        assertTrue(config.get("tie_word_embeddings").asBoolean());
        assertFalse(config.get("attention_bias").asBoolean());
        assertEquals(1, config.get("bos_token_id").asInt());
        assertFalse(config.has("eos_token_id"));
        assertFalse(config(GgufBuilder.tinyLlama("llama").tensor("output.weight", 8, 5))
                .get("tie_word_embeddings")
                .asBoolean());
    }

    @ParameterizedTest
    @CsvSource({
        "10, Q2_K, 256, 84",
        "11, Q3_K, 256, 110",
        "20, IQ4_NL, 32, 18",
        "23, IQ4_XS, 256, 136",
        "39, MXFP4, 32, 17"
    })
    void readsKindsOfBlocks(int number, DType type, int numbers, int bytes) throws IOException {
        GgufBuilder gguf = new GgufBuilder().tensor("x", new long[] {numbers, 3}, number, null, new byte[3 * bytes]);
        try (GgufFile file = GgufFile.open(write(gguf.build()))) {
            assertEquals(type, file.tensors().get("x").type());
            assertEquals(Shape.of(3, numbers), file.tensors().get("x").shape());
        }
    }

    @Test
    void undoesTheInterleavingOfQueryAndKeyRows() throws IOException {
        ByteBuffer rows = GgufBuilder.little(8 * 8 * 4);
        for (int i = 0; i < 64; i++) {
            int row = i / 8;
            rows.putFloat(row);
        }
        GgufBuilder gguf = GgufBuilder.sizes("llama")
                .put("llama.block_count", GgufBuilder.UINT32, 1)
                .put("llama.attention.head_count", GgufBuilder.UINT32, 2)
                .put("llama.feed_forward_length", GgufBuilder.UINT32, 16)
                .tensor("blk.0.attn_q.weight", new long[] {8, 8}, GgufBuilder.F32, null, rows.array());
        try (Checkpoint model = Checkpoints.open(write(gguf.build()))) {
            StoredTensor q = model.tensors().get("model.layers.0.self_attn.q_proj.weight");
            MemorySegment copy = MemorySegment.ofArray(new byte[256]);
            q.copyRows(copy);
            float[] first = new float[8];
            for (int row = 0; row < 8; row++) {
                first[row] = copy.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 32L * row);
            }
            // A head of four rows lies in the file as 0, 2, 1, 3: each row beside the one half a head away.
            assertArrayEquals(new float[] {0, 2, 1, 3, 4, 6, 5, 7}, first);
            q.copyRows(5, 6, copy);
            assertEquals(6, copy.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
        }
    }

    @Test
    void qwen2HasBiasesAndRowsInOrder() throws IOException {
        GgufBuilder gguf = GgufBuilder.tinyLlama("qwen2")
                .tensor("blk.0.attn_q.bias", 8)
                .tensor("blk.0.attn_k.bias", 4)
                .tensor("blk.0.attn_v.bias", 4);
        try (Checkpoint model = Checkpoints.open(write(gguf.build()))) {
            assertEquals("qwen2", model.config().get("model_type").asText());
            assertTrue(model.config().get("attention_bias").asBoolean());
            assertTrue(model.tensors()
                    .get("model.layers.0.self_attn.q_proj.weight")
                    .order()
                    .identity());
            assertEquals(
                    Shape.of(8),
                    model.tensors().get("model.layers.0.self_attn.q_proj.bias").shape());
        }
    }

    @Test
    void biasesOfALlamaAreInterleavedToo() throws IOException {
        GgufBuilder gguf =
                GgufBuilder.tinyLlama("llama").tensor("blk.0.attn_q.bias", 8).tensor("blk.0.ffn_down.bias", 8);
        try (Checkpoint model = Checkpoints.open(write(gguf.build()))) {
            assertEquals(
                    RowOrder.interleaved(2, 4),
                    model.tensors().get("model.layers.0.self_attn.q_proj.bias").order());
            assertTrue(model.config().get("mlp_bias").asBoolean());
        }
    }

    @Test
    void sizesOfEachLayerBecomePerLayerConfig() throws IOException {
        GgufBuilder gguf = GgufBuilder.sizes("deci")
                .put("deci.block_count", GgufBuilder.UINT32, 3)
                .putInts("deci.attention.head_count", 2, 4, 2)
                .putInts("deci.attention.head_count_kv", 2, 2, 1)
                .putInts("deci.feed_forward_length", 16, 16, 5)
                .layer(0, 2, 2, 16)
                .layer(1, 4, 2, 16)
                .layer(2, 2, 1, 5);
        try (Checkpoint model = Checkpoints.open(write(gguf.build()))) {
            assertEquals(4, model.config().get("num_attention_heads").asInt());
            assertEquals(
                    "{\"0\":{\"num_attention_heads\":2},"
                            + "\"2\":{\"num_attention_heads\":2,\"num_key_value_heads\":1,\"intermediate_size\":5}}",
                    model.config().get("per_layer_config").toString());
            assertEquals(
                    RowOrder.interleaved(1, 4),
                    model.tensors()
                            .get("model.layers.2.self_attn.k_proj.weight")
                            .order());
        }
    }

    @Test
    void readsRotaryScaling() throws IOException {
        JsonNode linear = config(GgufBuilder.tinyLlama("llama")
                .putString("llama.rope.scaling.type", "linear")
                .putFloat("llama.rope.scaling.factor", 4));
        assertEquals(
                "{\"rope_type\":\"linear\",\"factor\":4.0}",
                linear.get("rope_scaling").toString());
        JsonNode old = config(GgufBuilder.tinyLlama("llama").putFloat("llama.rope.scale_linear", 2));
        assertEquals(
                "{\"rope_type\":\"linear\",\"factor\":2.0}",
                old.get("rope_scaling").toString());
        // Two pairs: one turns fast, the other once in 2e5 tokens, beyond the original context.
        JsonNode llama3 = config(llama3(1, 32));
        assertEquals(
                "{\"rope_type\":\"llama3\",\"factor\":32.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                        + "\"original_max_position_embeddings\":8192}",
                llama3.get("rope_scaling").toString());
        assertTrue(assertThrows(Failure.class, () -> config(llama3(1.5f, 32)))
                .problem()
                .contains("not those of llama3"));
        Failure yarn = assertThrows(
                Failure.class,
                () -> config(GgufBuilder.tinyLlama("llama").putString("llama.rope.scaling.type", "yarn")));
        assertTrue(yarn.problem().contains("'yarn'"));
    }

    @Test
    void respectsAnotherAlignment() throws IOException {
        byte[] bytes = GgufBuilder.tinyLlama("llama")
                .put("general.alignment", GgufBuilder.UINT32, 64)
                .layOutAt(64)
                .build();
        try (Checkpoint model = Checkpoints.open(write(bytes))) {
            assertEquals(11, model.tensors().size());
        }
    }

    @Test
    void opensTheOneGgufOfAFolder() throws IOException {
        write(GgufBuilder.tinyLlama("llama").build());
        try (Checkpoint model = Checkpoints.open(temp)) {
            assertEquals(DType.F32, model.tensors().get("model.norm.weight").type());
            assertTrue(model.path().endsWith("model.gguf"));
        }
        Files.write(temp.resolve("second.gguf"), GgufBuilder.tinyLlama("llama").build());
        assertTrue(assertThrows(Failure.class, () -> Checkpoints.open(temp))
                .problem()
                .contains("2 .gguf files"));
    }

    private static GgufBuilder llama3(float first, float second) {
        byte[] factors = GgufBuilder.little(8).putFloat(first).putFloat(second).array();
        return GgufBuilder.tinyLlama("llama")
                .putFloat("llama.rope.freq_base", 1e9f)
                .tensor("rope_freqs.weight", new long[] {2}, GgufBuilder.F32, null, factors);
    }

    private JsonNode config(GgufBuilder gguf) throws IOException {
        try (Checkpoint model = Checkpoints.open(write(gguf.build()))) {
            return model.config();
        }
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("model.gguf"), bytes);
    }
}
