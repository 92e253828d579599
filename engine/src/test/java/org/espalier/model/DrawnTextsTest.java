package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
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
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(StandIn.class)
class DrawnTextsTest {

    private static final Sampling SAMPLING = new Sampling(1, 0, 1, 42);
    private static final Set<Integer> ENDS = Set.of(0, 1, 2, 3, 4, 5, 6, 7);

    /** Each token is what the sampling draws from the logits after the text so far, or after one that ends texts again. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu", "cuda"})
    void everyTokenIsDrawnFromTheLogitsBeforeIt(String device) {
        List<int[]> beginnings = List.of(new int[] {3, 1, 4}, new int[] {9}, new int[] {2, 7});
        int again = 0;
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend);
                SharedCache cache = new SharedCache(model, 12)) {
            List<int[]> texts = write(model, beginnings, 6);
            for (int i = 0; i < texts.size(); i++) {
                int start = beginnings.get(i).length;
                assertArrayEquals(beginnings.get(i), Arrays.copyOf(texts.get(i), start));
                assertEquals(start + 6, texts.get(i).length);
                for (int t = 0; t < 6; t++) {
                    Answers answers =
                            cache.run(List.of(Part.open(0, 0, Arrays.copyOf(texts.get(i), start + t), start + t - 1)));
                    int drawn = answers.sample(0, SAMPLING, i * 6 + t);
                    int token = texts.get(i)[start + t];
                    assertTrue(ENDS.contains(drawn) ? !ENDS.contains(token) : drawn == token, drawn + " " + token);
                    again += ENDS.contains(drawn) ? 1 : 0;
                }
            }
        }
        assertTrue(again > 0 && again < 18, again + " tokens were drawn again");
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    @Test
    void whatIsDrawnWithoutSomeFollowsTheOthersProbabilities() {
        float[] logits = {5, 1, Float.NaN, 0, 2, 1, 9};
        Set<Integer> ends = Set.of(0, 6);
        Map<Integer, Integer> counts = new HashMap<>();
        int draws = 20_000;
        for (int position = 0; position < draws; position++) {
            counts.merge(SAMPLING.drawWithout(ends, logits, position), 1, Integer::sum);
        }
        assertEquals(Set.of(1, 3, 4, 5), counts.keySet());
        double total =
                Stream.of(1, 3, 4, 5).mapToDouble(v -> Math.exp(logits[v])).sum();
        counts.forEach((token, count) -> {
            double share = Math.exp(logits[token]) / total;
            // Four standard deviations of a binomial share.
            assertEquals(share, count / (double) draws, 4 * Math.sqrt(share * (1 - share) / draws), "token " + token);
        });
    }

    @Test
    void moreTextsThanAreWrittenTogetherAreWrittenInTheirOrder() {
        Random random = new Random(7);
        List<int[]> beginnings = Stream.generate(
                        () -> random.ints(1 + random.nextInt(3), 8, 90).toArray())
                .limit(DrawnTexts.TOGETHER + 5)
                .toList();
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend)) {
            List<int[]> texts = write(model, beginnings, 4);
            assertEquals(beginnings.size(), texts.size());
            for (int i = 0; i < texts.size(); i++) {
                assertArrayEquals(beginnings.get(i), Arrays.copyOf(texts.get(i), beginnings.get(i).length));
            }
            assertArrayEquals(texts.toArray(), write(model, beginnings, 4).toArray());
            // A text goes on from its own number alone.
            assertArrayEquals(
                    texts.subList(0, DrawnTexts.TOGETHER).toArray(),
                    write(model, beginnings.subList(0, DrawnTexts.TOGETHER), 4).toArray());
            assertEquals(List.of(), write(model, List.of(), 4));
        }
    }

    @Test
    void whatDoesNotFitTheContextIsRefused() {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(Golden.resource("gqa"));
                Model model = Model.open(checkpoint, backend)) {
            int context = model.config().maxPositions();
            Failure failure = assertThrows(Failure.class, () -> write(model, List.of(new int[] {9, 9}), context - 1));
            assertTrue(failure.getMessage().contains("do not fit the model's context"), failure.getMessage());
        }
    }

    private static List<int[]> write(Model model, List<int[]> beginnings, int tokens) {
        List<int[]> texts = new ArrayList<>();
        int[] written = {0};
        new DrawnTexts(model, ENDS, SAMPLING, logits -> {})
                .write(beginnings, tokens, more -> written[0] += more, texts::add);
        assertEquals(beginnings.size() * tokens, written[0]);
        return texts;
    }
}
