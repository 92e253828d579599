package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How often each token is drawn, beside the probabilities worked out by hand. */
class SamplingTest {

    private static final int DRAWS = 20_000;

    /** Natural logarithms of 0.4, 0.3, 0.2 and 0.1, in another order. */
    private static final double[] LOGITS = {Math.log(0.2), Math.log(0.4), Math.log(0.1), Math.log(0.3)};

    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, 0.2 0.4 0.1 0.3",
        // Squares of the probabilities over their sum, 0.3.
        "0.5, 0, 1, 0.13333333 0.53333333 0.03333333 0.3",
        "1, 2, 1, 0 0.57142857 0 0.42857143",
        "1, 4, 1, 0.2 0.4 0.1 0.3",
        "1, 9, 1, 0.2 0.4 0.1 0.3",
        // 0.4 + 0.3 reach 0.69, and 0.71 takes 0.2 as well.
        "1, 0, 0.69, 0 0.57142857 0 0.42857143",
        "1, 0, 0.71, 0.22222222 0.44444444 0 0.33333333",
        // Of three tokens, 0.9 together, the first two are 0.78.
        "1, 3, 0.75, 0 0.57142857 0 0.42857143",
        "1, 3, 0.8, 0.22222222 0.44444444 0 0.33333333",
        "1, 1, 1, 0 1 0 0",
        "1, 0, 0.0001, 0 1 0 0"
    })
    void tokensAreDrawnByTheirProbability(double temperature, int topK, double topP, String probabilities) {
        double[] expected = Arrays.stream(probabilities.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertFrequencies(expected, LOGITS, new Sampling(temperature, topK, topP, 42));
    }

    @Test
    void tokensAsLikelyAsTheLastThatStaysAllStay() {
        double[] logits = {0, 1, 1, 1, -1};
        double third = 1 / 3.0;
        assertFrequencies(new double[] {0, third, third, third, 0}, logits, new Sampling(1, 2, 1, 42));
        assertFrequencies(new double[] {0, third, third, third, 0}, logits, new Sampling(1, 0, 0.1, 42));
    }

    @Test
    void seedAndPositionDecide() {
        double[] even = new double[1000];
        int[] first = draws(even, new Sampling(1, 0, 1, 42));
        for (Sampling other : new Sampling[] {new Sampling(1, 0, 1, 43), new Sampling(1, 0, 1, 1L << 32 | 42)}) {
            int[] second = draws(even, other);
            long same =
                    IntStream.range(0, DRAWS).filter(i -> first[i] == second[i]).count();
            assertEquals(DRAWS / 1000.0, (double) same, 5 * Math.sqrt(DRAWS / 1000.0), other.toString());
        }
        assertTrue(Arrays.stream(first).distinct().count() > 990, "positions draw for themselves");
    }

    @Test
    void nonsenseIsRefused() {
        for (double temperature : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> new Sampling(temperature, 0, 1, 42));
        }
        assertThrows(IllegalArgumentException.class, () -> new Sampling(1, -1, 1, 42));
        for (double topP : new double[] {0, 1.01, -1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new Sampling(1, 0, topP, 42));
        }
    }

    /** Within five standard deviations of a binomial; what cannot be drawn never is. */
    private static void assertFrequencies(double[] expected, double[] logits, Sampling sampling) {
        int[] drawn = draws(logits, sampling);
        for (int v = 0; v < expected.length; v++) {
            int token = v;
            double p = expected[v];
            long count = Arrays.stream(drawn).filter(id -> id == token).count();
            assertEquals(DRAWS * p, (double) count, 5 * Math.sqrt(DRAWS * p * (1 - p)), sampling + ", token " + v);
        }
    }

    /** The tokens of positions 0 and up. */
    private static int[] draws(double[] logits, Sampling sampling) {
        try (CpuBackend cpu = new CpuBackend(1);
                Queue queue = cpu.newQueue()) {
            Tensor row = cpu.allocate(DType.F32, Shape.of(1, logits.length), "logits");
            Tensor position = cpu.allocate(DType.I32, Shape.of(1), "position");
            Tensor out = cpu.allocate(DType.I32, Shape.of(1), "token");
            try {
                HostCopy.writeDoubles(cpu, queue, logits, row);
                return IntStream.range(0, DRAWS)
                        .map(i -> {
                            HostCopy.writeInts(cpu, queue, new int[] {i}, position);
                            cpu.sample(queue, row, position, sampling, out);
                            return HostCopy.readInts(cpu, queue, out)[0];
                        })
                        .toArray();
            } finally {
                row.buffer().close();
                position.buffer().close();
                out.buffer().close();
            }
        }
    }
}
