package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.LossOps;
import org.espalier.backend.Sampling;
import org.espalier.backend.cuda.StandIn;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.SharedCache.Answers;
import org.espalier.model.SharedCache.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts side by side in one cache against each text alone. */
@ExtendWith(StandIn.class)
class SharedCacheTest {

    private static final int[] FIRST = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final int[] SECOND = {2, 7, 1, 8};

    @ParameterizedTest
    @CsvSource({"reference, 1e-12", "cpu, 1e-5", "cuda, 1e-5"})
    void lossesAreThoseOfEachTextAlone(String device, double tolerance) {
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model);
                SharedCache cache = new SharedCache(model, 20)) {
            double[][] alone = scorer.losses(List.of(FIRST, SECOND));
            Answers begun = cache.run(List.of(
                    new Part(2, 0, new int[] {3, 1, 4, 1, 5}, new int[] {0, 3, 3}, new int[] {1, 5, LossOps.IGNORED}),
                    new Part(12, 0, new int[] {2, 7, 1}, new int[] {2}, new int[] {8})));
            assertEquals(alone[0][0], begun.loss(0), tolerance);
            assertEquals(alone[0][3], begun.loss(1), tolerance);
            assertEquals(0, begun.loss(2));
            assertEquals(alone[1][2], begun.loss(3), tolerance);
            // The first text goes another way, back, and on; the second begins anew.
            cache.run(List.of(Part.open(2, 2, new int[] {7, 7, 7})));
            Answers after = cache.run(List.of(
                    new Part(12, 0, new int[] {2}, new int[] {0}, new int[] {7}),
                    new Part(2, 2, new int[] {4, 1, 5, 9, 2}, new int[] {4}, new int[] {6})));
            assertEquals(alone[1][0], after.loss(0), tolerance);
            assertEquals(alone[0][6], after.loss(1), tolerance);
        }
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    @ParameterizedTest
    @CsvSource({"cpu", "cuda"})
    void tokensAreThoseOfAGenerator(String device) {
        Sampling sampling = new Sampling(0.8, 0, 0.95, 42);
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                Generator greedy = new Generator(model, 16);
                Generator drawn = new Generator(model, 16, Optional.of(sampling));
                SharedCache cache = new SharedCache(model, 20)) {
            int best = greedy.next(FIRST);
            int next = drawn.next(SECOND);
            Answers answers = cache.run(List.of(Part.open(0, 0, FIRST, 7), Part.open(10, 0, SECOND, 3)));
            assertEquals(best, answers.best(0));
            assertArrayEquals(greedy.lastLogits(), answers.logits(0), 1e-5f);
            assertEquals(next, answers.sample(1, sampling, 3));
            answers = cache.run(List.of(Part.open(10, 4, new int[] {next}, 0), Part.open(0, 8, new int[] {best}, 0)));
            assertEquals(drawn.next(next), answers.sample(0, sampling, 4));
            assertEquals(greedy.next(best), answers.best(1));
        }
    }

    @Test
    void textsThatDoNotFitAreRefused() {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                SharedCache cache = new SharedCache(model, 20)) {
            int end = model.config().maxPositions();
            Failure tooLong =
                    assertThrows(Failure.class, () -> cache.run(List.of(Part.open(0, end, new int[] {1}, 0))));
            assertTrue(tooLong.getMessage().contains("longer than the model's context"), tooLong::getMessage);
            Failure unknown =
                    assertThrows(Failure.class, () -> cache.run(List.of(Part.open(0, 0, new int[] {1 << 20}, 0))));
            assertTrue(unknown.getMessage().contains("not in the model's vocabulary"), unknown::getMessage);
            assertThrows(
                    IllegalArgumentException.class, () -> cache.run(List.of(Part.open(18, 0, new int[] {1, 2, 3}, 0))));
            assertThrows(IllegalArgumentException.class, () -> Part.open(0, 0, new int[0]));
        }
    }
}
