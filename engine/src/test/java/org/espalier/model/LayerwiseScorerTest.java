package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.tape.Observer;
import org.espalier.tape.Segment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
