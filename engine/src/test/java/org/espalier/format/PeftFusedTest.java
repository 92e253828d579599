package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What PEFT has beside all experts of a layer, by hand: two experts of three neurons, four channels. */
class PeftFusedTest {

    private static final String EXPERTS = "base_model.model.model.layers.0.mlp.experts.";
    private static final PeftExperts TWO = new PeftExperts(
            new ExpertNames(
                    "block_sparse_moe", "w1", "w3", "w2", new ExpertNames.Together("mlp", "gate_up_proj", "down_proj")),
            List.of(2));

    @TempDir
    private Path folder;

    private final List<TensorEntry> tensors = new ArrayList<>();

    /** Rows of A are expert by expert, columns of B one of each expert in turn; the half of B's rows is that of the gates. */
    @Test
    void everyExpertGetsItsOwn() throws IOException {
        write("\"r\": 2, \"lora_alpha\": 4, \"target_parameters\": [\"experts.gate_up_proj\", \"experts.down_proj\"]");
        add(EXPERTS + "base_layer.lora_A.weight", 4, 4);
        add(EXPERTS + "base_layer.lora_B.weight", 6, 4);
        add(EXPERTS + "lora_A.weight", 4, 3);
        add(EXPERTS + "lora_B.weight", 4, 4);
        add("base_model.model.model.layers.0.mlp.gate.lora_A.weight", 2, 4);
        add("base_model.model.model.layers.0.mlp.gate.lora_B.weight", 2, 2);
        try (PeftAdapter adapter = open()) {
            assertEquals(2, adapter.config().rank());
            assertEquals(4, adapter.config().alpha());
            assertEquals(7, adapter.projections().size());
            assertArrayEquals(new float[] {8, 9, 10, 11, 12, 13, 14, 15}, numbers(adapter, "experts.1.w1.lora_A"));
            assertArrayEquals(new float[] {8, 9, 10, 11, 12, 13, 14, 15}, numbers(adapter, "experts.1.w3.lora_A"));
            assertArrayEquals(new float[] {1, 3, 5, 7, 9, 11}, numbers(adapter, "experts.1.w1.lora_B"));
            assertArrayEquals(new float[] {12, 14, 16, 18, 20, 22}, numbers(adapter, "experts.0.w3.lora_B"));
            assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, numbers(adapter, "experts.0.w2.lora_A"));
            assertArrayEquals(new float[] {1, 3, 5, 7, 9, 11, 13, 15}, numbers(adapter, "experts.1.w2.lora_B"));
            assertArrayEquals(new float[] {0, 1, 2, 3}, numbers(adapter, "gate.lora_B"));
        }
    }

    /** Of a higher rank and another scale than the rest, which is filled up with zeros. */
    @Test
    void allGetOneRankAndOneScale() throws IOException {
        write("\"r\": 1, \"lora_alpha\": 4, \"target_parameters\": [\"gate_up_proj\"],"
                + " \"rank_pattern\": {\".*\\\\.gate_up_proj\": 2}, \"alpha_pattern\": {\".*\\\\.gate_up_proj\": 16}");
        add(EXPERTS + "lora_A.weight", 4, 4);
        add(EXPERTS + "lora_B.weight", 6, 4);
        add("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 1, 4);
        add("base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", 4, 1);
        try (PeftAdapter adapter = open()) {
            assertEquals(2, adapter.config().rank());
            assertEquals(4, adapter.config().scale());
            assertArrayEquals(new float[] {0, 4, 8, 12, 16, 20}, numbers(adapter, "experts.0.w1.lora_B"));
            assertArrayEquals(new float[] {0, 1, 2, 3, 0, 0, 0, 0}, numbers(adapter, "self_attn.q_proj.lora_A"));
            assertArrayEquals(new float[] {0, 0, 1, 0, 2, 0, 3, 0}, numbers(adapter, "self_attn.q_proj.lora_B"));
        }
    }

    @Test
    void whatIsOfAnotherModelIsRefused() throws IOException {
        write("\"r\": 2, \"lora_alpha\": 4, \"target_parameters\": [\"experts.down_proj\"]");
        add(EXPERTS + "lora_A.weight", 3, 4);
        add(EXPERTS + "lora_B.weight", 6, 3);
        Failure failure = assertThrows(Failure.class, this::open);
        assertTrue(failure.problem().endsWith("[3, 4], and the layer has 2 experts"), failure.problem());
    }

    @Test
    void anExpressionIsRefused() throws IOException {
        write("\"target_parameters\": [\"down_proj\"], \"alpha_pattern\": {\"(a+)+b\": 2}");
        Failure failure = assertThrows(Failure.class, this::open);
        assertEquals("the adapter's alpha_pattern has the expression '(a+)+b'", failure.problem());
    }

    private void write(String settings) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"target_modules\": [], %s}".formatted(settings));
    }

    /** Numbers 0, 1, 2 and so on. */
    private void add(String name, int rows, int columns) {
        float[] numbers = new float[rows * columns];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        tensors.add(new TensorEntry(
                name, DType.F32, Shape.of(rows, columns), sink -> sink.write(MemorySegment.ofArray(bytes(numbers)))));
    }

    private static byte[] bytes(float[] numbers) {
        byte[] bytes = new byte[Float.BYTES * numbers.length];
        MemorySegment.ofArray(bytes).copyFrom(MemorySegment.ofArray(numbers));
        return bytes;
    }

    private PeftAdapter open() throws IOException {
        Path weights = folder.resolve(PeftAdapter.WEIGHTS);
        Files.deleteIfExists(weights);
        SafetensorsWriter.write(weights, tensors);
        return PeftAdapter.open(folder, TWO);
    }

    private static float[] numbers(PeftAdapter adapter, String name) {
        return adapter.tensors().values().stream()
                .filter(tensor -> tensor.name().endsWith(name + ".weight"))
                .findFirst()
                .orElseThrow()
                .bytes()
                .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
