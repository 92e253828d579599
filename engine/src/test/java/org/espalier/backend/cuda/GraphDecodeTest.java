package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.espalier.SmallModel;
import org.espalier.backend.Precision;
import org.espalier.error.Failure;
import org.espalier.model.Generator;
import org.espalier.model.Model;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tokens written one after the other, each by one launch of a graph: the same bytes as by their kernels one by one. */
@ExtendWith(StandIn.class)
class GraphDecodeTest {

    private static final String GRAPHS = "espalier.cuda.graphs";
    private static final int VOCABULARY = 37;
    /** So that the tokens after it pass from one block's keys to the next one's. */
    private static final int PROMPT = 250;

    private static final int TOKENS = 12;
    private static final int CAPACITY = 600;
    /** The first token runs as it is, the second is captured. */
    private static final int BEFORE_LAUNCHES = 2;
    /** Two layers of 18 and seven biases, and five around them. */
    private static final int KERNELS = 2 * (18 + 7) + 5;

    @AfterEach
    void asUsual() {
        System.clearProperty(GRAPHS);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void everyTokenAfterTheFirstTwoIsOneLaunchWithTheSameBytes(Precision precision) {
        int[] prompt = ids(PROMPT);
        try (CudaBackend cuda = CudaBackend.open(0, precision);
                Model model = SmallModel.open(cuda, true)) {
            System.setProperty(GRAPHS, "off");
            List<float[]> expected = logits(model, prompt);
            System.clearProperty(GRAPHS);
            try (Generator generator = new Generator(model, CAPACITY)) {
                generator.logits(prompt);
                for (int t = 0; t < TOKENS; t++) {
                    Launches before = Launches.now();
                    assertArrayEquals(expected.get(t), generator.logits(t), "token " + t);
                    if (t >= BEFORE_LAUNCHES) {
                        before.assertOneGraphSince();
                    }
                }
                assertEquals(Optional.empty(), generator.refusal());
            }
        }
    }

    /** What {@link #everyTokenAfterTheFirstTwoIsOneLaunchWithTheSameBytes} compares with. */
    private static List<float[]> logits(Model model, int[] prompt) {
        List<float[]> logits = new ArrayList<>();
        try (Generator generator = new Generator(model, CAPACITY)) {
            generator.logits(prompt);
            Launches before = Launches.now();
            for (int t = 0; t < TOKENS; t++) {
                logits.add(generator.logits(t));
            }
            before.assertNoGraphSince();
            assertTrue(
                    !StandIn.isItself() || Launches.now().kernels() - before.kernels() == TOKENS * KERNELS, "kernels");
        }
        return logits;
    }

    /** Launches so far, where they can be told. */
    private record Launches(long kernels, long graphs) {

        static Launches now() {
            return StandIn.isItself()
                    ? new Launches(StandIn.launchCalls(), StandIn.graphLaunches())
                    : new Launches(0, 0);
        }

        void assertOneGraphSince() {
            if (StandIn.isItself()) {
                assertEquals(new Launches(kernels, graphs + 1), now());
            }
        }

        void assertNoGraphSince() {
            if (StandIn.isItself()) {
                assertEquals(graphs, now().graphs);
            }
        }
    }

    /** A second text in the same cache, shorter and then longer than the first, and one beside it in a cache of its own. */
    @Test
    void graphServesEveryTextThatItsCacheHolds() {
        try (CudaBackend cuda = CudaBackend.open(0);
                Model model = SmallModel.open(cuda, true);
                Generator generator = new Generator(model, CAPACITY);
                Generator beside = new Generator(model, CAPACITY)) {
            for (int length : new int[] {40, 3, 290}) {
                int[] prompt = ids(length);
                generator.rewind(0);
                beside.rewind(0);
                Launches before = Launches.now();
                List<Integer> written = greedy(generator, prompt);
                if (length == 3) {
                    // The prompt's own kernels, and not one for a token.
                    assertTrue(
                            !StandIn.isItself() || Launches.now().graphs() - before.graphs() == TOKENS, "all replayed");
                }
                assertEquals(written, greedy(beside, prompt), "prompt of " + length);
                System.setProperty(GRAPHS, "off");
                try (Generator plain = new Generator(model, CAPACITY)) {
                    assertEquals(greedy(plain, prompt), written, "prompt of " + length);
                }
                System.clearProperty(GRAPHS);
            }
        }
    }

    @Test
    void driverThatMakesNoGraphsWritesTheSameTokens() {
        StandIn.requireItself();
        int[] prompt = ids(5);
        try (CudaBackend cuda = CudaBackend.open(0);
                Model model = SmallModel.open(cuda, true);
                Generator graphs = new Generator(model, CAPACITY);
                Generator none = new Generator(model, CAPACITY)) {
            List<Integer> expected = greedy(graphs, prompt);
            StandIn.set("graphs", 0);
            Launches before = Launches.now();
            assertEquals(expected, greedy(none, prompt));
            before.assertNoGraphSince();
            assertTrue(
                    none.refusal().orElseThrow().startsWith("CUDA_ERROR_NOT_SUPPORTED"),
                    none.refusal().orElseThrow());
        }
    }

    @Test
    void settingThatIsNeitherOnNorOffIsRefused() {
        System.setProperty(GRAPHS, "perhaps");
        try (CudaBackend cuda = CudaBackend.open(0);
                Model model = SmallModel.open(cuda, true);
                Generator generator = new Generator(model, CAPACITY)) {
            Failure refused = assertThrows(Failure.class, () -> generator.next(1));
            assertEquals(
                    "'perhaps' in ESPALIER_CUDA_GRAPHS (or espalier.cuda.graphs) is not on or off (CUDA graphs): "
                            + "set it to on or off",
                    refused.oneLine());
        }
    }

    private static List<Integer> greedy(Generator generator, int[] prompt) {
        List<Integer> ids = new ArrayList<>();
        ids.add(generator.next(prompt));
        while (ids.size() <= TOKENS) {
            ids.add(generator.next(ids.getLast()));
        }
        return ids;
    }

    private static int[] ids(int count) {
        return new Random(count).ints(count, 0, VOCABULARY).toArray();
    }
}
