package org.espalier.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.StoredTensor;
import org.espalier.llamacpp.LlamaCppQuantiser;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks whose scales are searched for lose no more than what llama.cpp's own quantiser makes of the same numbers. */
class FittedBlocksTest {

    private static final int COLUMNS = 768;
    private static final int ROWS = 40;

    /** Types with ggml's numbers. */
    private enum Type {
        Q4_0(2),
        Q4_1(3),
        Q5_0(6),
        Q5_1(7),
        Q4_K(12),
        Q5_K(13),
        Q6_K(14);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        DType type() {
            return DType.valueOf(name());
        }
    }

    @ParameterizedTest
    @MethodSource("typesAndNumbers")
    void losesNoMoreThanLlamaCpp(Type type, String name) {
        float[] numbers = numbers(name);
        float[] ours = encoded(type.type(), numbers, null);
        float[] theirs = LlamaCppQuantiser.quantise(type.type(), type.number, numbers, COLUMNS, null);
        float[] equal = new float[COLUMNS];
        Arrays.fill(equal, 1);
        double error = error(numbers, ours, equal);
        double llama = error(numbers, theirs, equal);
        // Two of them without an importance matrix are the Python package's, to the bit.
        boolean exact = type == Type.Q4_0 || type == Type.Q4_1;
        assertTrue(error <= llama * (exact ? 1 + 1e-3 : 1), name + ": " + error + " against " + llama);
        assertTrue(error > 0, name);
    }

    @ParameterizedTest
    @MethodSource("typesAndNumbers")
    void losesNoMoreOfWhatMatters(Type type, String name) {
        float[] numbers = numbers(name);
        Random random = new Random(5);
        float[] weights = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            weights[i] = (float) Math.exp(2 * random.nextGaussian());
        }
        double error = error(numbers, encoded(type.type(), numbers, weights), weights);
        double llama = error(
                numbers, LlamaCppQuantiser.quantise(type.type(), type.number, numbers, COLUMNS, weights), weights);
        assertTrue(error <= llama, name + ": " + error + " against " + llama);
        assertTrue(error > 0, name);
    }

    @ParameterizedTest
    @EnumSource(Type.class)
    void numbersThatAreAllTheSameAreKept(Type type) {
        for (float value : new float[] {0, 0.5f, -0.25f}) {
            float[] numbers = new float[COLUMNS];
            Arrays.fill(numbers, value);
            assertArrayEquals(numbers, encoded(type.type(), numbers, null), 1e-3f * Math.abs(value), "of " + value);
            float[] weights = new float[COLUMNS];
            weights[3] = 1;
            assertEquals(value, encoded(type.type(), numbers, weights)[3], 1e-3f * Math.abs(value), "of " + value);
        }
    }

    static Stream<Arguments> typesAndNumbers() {
        List<Arguments> all = new ArrayList<>();
        for (Type type : Type.values()) {
            all.add(Arguments.of(type, "normal"));
            all.add(Arguments.of(type, "heavy tails"));
            all.add(Arguments.of(type, "trained"));
        }
        return all.stream();
    }

    private static float[] numbers(String name) {
        return switch (name) {
            case "normal" -> drawn(0);
            case "heavy tails" -> drawn(3);
            default -> trained();
        };
    }

    /** Products of so many further normal numbers, which makes large ones more frequent. */
    private static float[] drawn(int factors) {
        Random random = new Random(1);
        float[] numbers = new float[ROWS * COLUMNS];
        for (int i = 0; i < numbers.length; i++) {
            double number = 0.02 * random.nextGaussian();
            for (int k = 0; k < factors; k++) {
                number *= random.nextGaussian();
            }
            numbers[i] = (float) number;
        }
        return numbers;
    }

    private static float[] trained() {
        try (Checkpoint model = Checkpoints.open(Shared.path("models/stories260K"))) {
            StoredTensor tensor = model.tensors().get("model.embed_tokens.weight");
            float[] numbers = new float[ROWS * COLUMNS];
            Blocks.decode(tensor.type(), tensor.bytes(), 0, numbers, 0, numbers.length);
            return numbers;
        }
    }

    private static float[] encoded(DType type, float[] numbers, float[] weights) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = arena.allocate(type.bytes(numbers.length) + 1);
            if (weights == null) {
                Blocks.encode(type, numbers, 0, blocks, 1, numbers.length);
            } else {
                for (int row = 0; row < numbers.length / COLUMNS; row++) {
                    Blocks.encode(type, numbers, row * COLUMNS, blocks, 1 + row * type.bytes(COLUMNS), weights);
                }
            }
            float[] values = new float[numbers.length];
            Blocks.decode(type, blocks, 1, values, 0, values.length);
            return values;
        }
    }

    private static double error(float[] numbers, float[] values, float[] weights) {
        double error = 0;
        for (int i = 0; i < numbers.length; i++) {
            double difference = values[i] - numbers[i];
            error += weights[i % COLUMNS] * difference * difference;
        }
        return error;
    }
}
