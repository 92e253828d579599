package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.cuda.StandIn;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Continuation.Likelihood;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ends of texts that begin alike against each text alone. */
@ExtendWith(StandIn.class)
class ContinuationScorerTest {

    @ParameterizedTest
    @CsvSource({"reference, 0, 1e-11", "reference, 100000000, 1e-11", "cpu, 100000000, 2e-5", "cuda, 20000, 2e-5"})
    void endsAreAsLikelyAsInEachTextAlone(String device, long memory, double tolerance) {
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model);
                Generator generator = new Generator(model, 40);
                ContinuationScorer ends = new ContinuationScorer(model, memory)) {
            List<Continuation> texts = texts(device.equals("cuda") ? 12 : 60);
            texts.set(3, likeliest(texts.get(3), generator));
            double[][] losses =
                    scorer.losses(texts.stream().map(Continuation::ids).toList());
            List<Likelihood> likelihoods = ends.likelihoods(texts);
            int greedy = 0;
            for (int t = 0; t < texts.size(); t++) {
                Continuation text = texts.get(t);
                double expected =
                        -Arrays.stream(losses[t]).skip(text.first() - 1).sum();
                assertEquals(expected, likelihoods.get(t).logLikelihood(), tolerance, "text " + t);
                assertEquals(isGreedy(text, generator), likelihoods.get(t).greedy(), "text " + t);
                greedy += likelihoods.get(t).greedy() ? 1 : 0;
            }
            assertTrue(greedy > 0 && greedy < texts.size(), "all or none are greedy");
            assertEquals(likelihoods, ends.likelihoods(texts), "a second time");
        }
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    /** The text with the likeliest token last, which alone is asked about. */
    private static Continuation likeliest(Continuation text, Generator generator) {
        int last = text.ids().length - 1;
        int[] ids = text.ids().clone();
        ids[last] = generator.next(Arrays.copyOf(ids, last));
        return new Continuation(ids, last);
    }

    /** Some share much, some nothing. */
    private static List<Continuation> texts(int count) {
        Random random = new Random(5);
        int[] stem = random.ints(24, 0, 256).toArray();
        List<Continuation> texts = new ArrayList<>();
        for (int t = 0; t < count; t++) {
            int shared = t % 5 == 4 ? 0 : random.nextInt(stem.length);
            int[] own = random.ints(2 + random.nextInt(10), 0, 256).toArray();
            int[] ids = Arrays.copyOf(stem, shared + own.length);
            System.arraycopy(own, 0, ids, shared, own.length);
            texts.add(new Continuation(ids, 1 + random.nextInt(ids.length - 1)));
        }
        return texts;
    }

    private static boolean isGreedy(Continuation text, Generator generator) {
        generator.rewind(0);
        int next = generator.next(Arrays.copyOf(text.ids(), text.first()));
        for (int i = text.first(); i < text.ids().length; i++) {
            if (next != text.ids()[i]) {
                return false;
            }
            next = generator.next(text.ids()[i]);
        }
        return true;
    }

    /** What begins alike is computed once, however the texts stand. */
    @Test
    void sharedTokensStandOnce() {
        int[] stem = IntStream.range(0, 20).toArray();
        List<Continuation> texts = new ArrayList<>();
        for (int end : new int[] {7, 3, 5, 3}) {
            int[] ids = Arrays.copyOf(stem, 23);
            ids[20] = end;
            ids[21] = 9;
            texts.add(new Continuation(ids, 20));
        }
        texts.add(new Continuation(new int[] {100, 101, 102}, 1));
        List<PrefixTree> trees = PrefixTree.of(texts, true);
        assertEquals(2, trees.size());
        assertEquals(20 + 3 * 2, tokens(trees.get(0)));
        assertEquals(22, trees.get(0).rows());
        assertEquals(2, tokens(trees.get(1)));
        assertEquals(4, trees.get(0).nodes().size());
        assertEquals(3, trees.get(0).nodes().getFirst().questions().size());
    }

    private static int tokens(PrefixTree tree) {
        return tree.nodes().stream().mapToInt(node -> node.ids().length).sum();
    }

    @Test
    void rowsThatAreGivenBackAreTakenAgain() {
        FreeRows free = new FreeRows(10);
        assertEquals(0, free.take(4).getAsInt());
        assertEquals(4, free.take(4).getAsInt());
        assertTrue(free.take(3).isEmpty());
        free.giveBack(0, 4);
        assertTrue(free.take(5).isEmpty());
        free.giveBack(4, 4);
        assertEquals(0, free.take(10).getAsInt());
        free.giveBack(6, 4);
        free.giveBack(0, 3);
        free.giveBack(3, 3);
        assertEquals(0, free.take(10).getAsInt());
    }

    @Test
    void textsThatAreTooLongAreRefused() {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                ContinuationScorer ends = new ContinuationScorer(model, 1 << 20)) {
            int most = model.config().maxPositions();
            assertEquals(
                    1,
                    ends.likelihoods(List.of(new Continuation(new int[most + 1], most)))
                            .size());
            List<Continuation> longer = List.of(new Continuation(new int[most + 2], most));
            Failure failure = assertThrows(Failure.class, () -> ends.likelihoods(longer));
            assertTrue(failure.getMessage().contains("longer than the model's context"), failure::getMessage);
        }
    }
}
