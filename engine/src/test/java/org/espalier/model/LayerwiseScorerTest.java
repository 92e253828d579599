package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.tape.Observer;
import org.espalier.tape.Segment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses are the same whether a model is gone through sequence by sequence or layer by layer. */
class LayerwiseScorerTest {

    @TempDir
    private Path scratch;

    /** With no memory everything waits in the scratch file. */
    @ParameterizedTest
    @ValueSource(longs = {0, 200_000, Long.MAX_VALUE})
    void sameBytesAsTheScorer(long memory) {
        Random random = new Random(7);
        // Several batches, one sequence of a single token.
        List<int[]> sequences = Stream.of(512, 1, 300, 2, 500, 412, 128)
                .map(length -> random.ints(length, 0, 512).toArray())
                .toList();
        List<Integer> walked = new ArrayList<>();
        Observer watch = new Observer() {
            @Override
            public void after(Segment segment, boolean backward) {
                walked.add(segment.index());
            }
        };
        Path folder = Shared.path("models/stories260K");
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model)) {
            double[][] expected = scorer.losses(sequences);
            double[][] losses = new LayerwiseScorer(model, memory, scratch, watch).losses(sequences);
            assertEquals(expected.length, losses.length);
            for (int s = 0; s < expected.length; s++) {
                assertEquals(sequences.get(s).length - 1, losses[s].length);
                assertArrayEquals(expected[s], losses[s]);
            }
            assertEquals(LayerwiseScorer.steps(model), walked.size(), "every layer once, for all sequences");
        }
    }

    /** Batches of equal size on the CPU, of which every second text ends as the model itself would go on. */
    @ParameterizedTest
    @CsvSource({"cpu, 500", "reference, 40", "cuda, 20"})
    void endsAreAsLikelyAsInOneGo(String device, int length) {
        Random random = new Random(3);
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(Shared.path("models/stories260K"));
                Model model = Model.open(checkpoint, backend);
                Generator generator = new Generator(model, length);
                ContinuationScorer together = new ContinuationScorer(model, 1 << 26)) {
            List<Continuation> texts = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                int[] ids = random.ints(length, 3, 512).toArray();
                generator.rewind(0);
                int next = generator.next(Arrays.copyOf(ids, length - 1));
                ids[length - 1] = t % 2 == 0 ? next : (next + 1) % 512;
                texts.add(new Continuation(ids, length - 1));
            }
            texts.add(new Continuation(new int[] {1, 403, 407, 261}, 1));
            List<Likelihood> expected = together.likelihoods(texts);
            List<Likelihood> likelihoods =
                    new LayerwiseScorer(model, Long.MAX_VALUE, scratch, Observer.NONE).likelihoods(texts);
            assertEquals(
                    List.of(true, false, true, false, true, false),
                    likelihoods.stream().limit(6).map(Likelihood::greedy).toList());
            for (int t = 0; t < texts.size(); t++) {
                assertEquals(expected.get(t).greedy(), likelihoods.get(t).greedy(), "text " + t);
                assertEquals(expected.get(t).logLikelihood(), likelihoods.get(t).logLikelihood(), 1e-4, "text " + t);
            }
        }
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    @Test
    void sequenceBeyondTheContextIsRefused() {
        Path folder = Shared.path("models/stories260K");
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend)) {
            LayerwiseScorer scorer = new LayerwiseScorer(model, Long.MAX_VALUE, scratch, Observer.NONE);
            assertThrows(Failure.class, () -> scorer.losses(List.of(new int[513])));
            assertEquals(0, scorer.losses(List.of(new int[1]))[0].length);
            assertEquals(0, scorer.losses(List.of()).length);
        }
    }
}
