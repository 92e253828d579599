package org.espalier.cut;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.model.Packed;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fits whose ridge is chosen on the source that was left out, against the same by single tokens. */
class RidgeChoiceTest {

    private static final int IN = 6;
    private static final int OUT = 3;
    private static final int[] ENDS = {9, 20, 28};
    private static final int BATCHES = 2 * ENDS.length;

    private final double[][] x = new double[ENDS[2]][IN];
    private final double[][] lacking = new double[ENDS[2]][OUT];
    private final double[] weights = new double[ENDS[2]];

    /** What is lacking follows from the input, but for noise, and so in each source, or in each otherwise. */
    private void draw(double noise, double other) {
        Random random = new Random(1);
        double[][][] d = new double[ENDS.length + 1][OUT][IN];
        for (double[][] of : d) {
            for (double[] row : of) {
                Arrays.setAll(row, i -> random.nextGaussian());
            }
        }
        for (int t = 0; t < x.length; t++) {
            Arrays.setAll(x[t], i -> random.nextGaussian());
            weights[t] = 0.5 + random.nextDouble();
            for (int o = 0; o < OUT; o++) {
                lacking[t][o] = noise * random.nextGaussian();
                for (int i = 0; i < IN; i++) {
                    lacking[t][o] += (d[3][o][i] + other * d[source(t)][o][i]) * x[t][i];
                }
            }
        }
    }

    private static int source(int token) {
        int source = 0;
        while (token >= ENDS[source]) {
            source++;
        }
        return source;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theShareIsThatOfTheLeastErrorOnTokensLeftOut(boolean reference) {
        try (Backend backend = reference ? new ReferenceBackend() : new CpuBackend(2);
                Queue queue = backend.newQueue()) {
            double last = 0;
            for (double[] kind : new double[][] {{0.01, 0}, {1, 0.5}, {2, 2}, {200, 0}}) {
                draw(kind[0], kind[1]);
                NormalEquations.Solution solution = solved(backend, queue, new Ridge(1, true));
                double chosen = solution.ridge();
                assertEquals(best(), chosen, Arrays.toString(kind));
                assertFit(chosen, solution.added());
                last = chosen;
                if (kind[0] == 0.01) {
                    assertEquals(RidgeChoice.SHARES.getFirst(), chosen);
                }
            }
            assertTrue(last > 1, "noise wants a firm hold: " + last);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aShareThatIsGivenIsThatOfAllSources(boolean reference) {
        draw(1, 1);
        try (Backend backend = reference ? new ReferenceBackend() : new CpuBackend(2);
                Queue queue = backend.newQueue()) {
            NormalEquations.Solution solution = solved(backend, queue, Ridge.of(0.5));
            assertEquals(0.5, solution.ridge());
            assertFit(0.5, solution.added());
        }
    }

    /** However sources are kept apart, what is added is the fit to all tokens. */
    private void assertFit(double share, double[] added) {
        double[][] expected = solve(-1, share);
        for (int o = 0; o < OUT; o++) {
            assertArrayEquals(expected[o], Arrays.copyOfRange(added, o * IN, (o + 1) * IN), 1e-5);
        }
    }

    private NormalEquations.Solution solved(Backend backend, Queue queue, Ridge ridge) {
        List<int[]> sequences =
                IntStream.range(0, x.length).mapToObj(t -> new int[1]).toList();
        List<Packed> packed = IntStream.range(0, BATCHES)
                .mapToObj(batch -> Packed.of(sequences.subList(start(batch), start(batch + 1))))
                .toList();
        List<Integer> sources = IntStream.range(0, BATCHES)
                .mapToObj(batch -> source(start(batch)))
                .toList();
        FitBatches batches = new FitBatches(sequences, packed, sources, 0);
        try (NormalEquations equations = new NormalEquations(backend, queue, IN, OUT, batches)) {
            for (int batch = 0; batch < BATCHES; batch++) {
                add(equations, batch, backend, queue);
            }
            return equations.solve(ridge).orElseThrow();
        }
    }

    private void add(NormalEquations equations, int batch, Backend backend, Queue queue) {
        int start = start(batch);
        int end = start(batch + 1);
        Tensor a = tensor(backend, queue, x, start, end);
        Tensor b = tensor(backend, queue, lacking, start, end);
        Tensor w = backend.allocate(backend.computeType(), Shape.of(end - start), "weights");
        try {
            HostCopy.writeDoubles(backend, queue, Arrays.copyOfRange(weights, start, end), w);
            equations.add(batch, a, b, w);
        } finally {
            List.of(a, b, w).forEach(t -> t.buffer().close());
        }
    }

    /** Two batches of each source, of unequal lengths. */
    private static int start(int batch) {
        int source = batch / 2;
        int first = source == 0 ? 0 : ENDS[source - 1];
        return batch % 2 == 0 ? first : first + 3;
    }

    private static Tensor tensor(Backend backend, Queue queue, double[][] rows, int start, int end) {
        Tensor tensor = backend.allocate(backend.computeType(), Shape.of(end - start, rows[0].length), "rows");
        double[] all =
                Arrays.stream(rows, start, end).flatMapToDouble(Arrays::stream).toArray();
        HostCopy.writeDoubles(backend, queue, all, tensor);
        return tensor;
    }

    /** Tries every share on every source, token by token. */
    private double best() {
        double best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (double share : RidgeChoice.SHARES) {
            double error = 0;
            for (int left = 0; left < ENDS.length; left++) {
                double[][] d = solve(left, share);
                for (int t = 0; t < x.length; t++) {
                    for (int o = 0; o < OUT && source(t) == left; o++) {
                        double gap = -lacking[t][o];
                        for (int i = 0; i < IN; i++) {
                            gap += d[o][i] * x[t][i];
                        }
                        error += weights[t] * gap * gap;
                    }
                }
            }
            if (error < least) {
                least = error;
                best = share;
            }
        }
        return best;
    }

    /** The fit to all tokens but those of one source, by Gaussian elimination. */
    private double[][] solve(int without, double share) {
        double[][] rows = new double[IN][IN + OUT];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < IN && source(t) != without; i++) {
                for (int j = 0; j < IN; j++) {
                    rows[i][j] += weights[t] * x[t][i] * x[t][j] * (i == j ? 1 + share : 1);
                }
                for (int o = 0; o < OUT; o++) {
                    rows[i][IN + o] += weights[t] * x[t][i] * lacking[t][o];
                }
            }
        }
        for (int p = 0; p < IN; p++) {
            for (int i = 0; i < IN; i++) {
                double factor = i == p ? 0 : rows[i][p] / rows[p][p];
                for (int j = 0; j < IN + OUT; j++) {
                    rows[i][j] -= factor * rows[p][j];
                }
            }
        }
        double[][] d = new double[OUT][IN];
        for (int o = 0; o < OUT; o++) {
            for (int i = 0; i < IN; i++) {
                d[o][i] = rows[i][IN + o] / rows[i][i];
            }
        }
        return d;
    }
}
