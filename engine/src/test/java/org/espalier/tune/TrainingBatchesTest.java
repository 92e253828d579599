package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which samples an update sees, and in which micro-batches. */
class TrainingBatchesTest {

    private static final long SEED = 5;

    @Test
    void everySampleIsSeenOnceAnEpochInUpdatesOfEqualSize() {
        TrainingBatches updates = updates(samples(IntStream.rangeClosed(1, 100)), 3, 16, 4);
        assertEquals(19, updates.steps());
        Map<Integer, Integer> seen = new HashMap<>();
        List<Integer> order = new ArrayList<>();
        for (List<int[]> update : all(updates)) {
            int size = update.stream().mapToInt(m -> m.length).sum();
            assertTrue(size == 15 || size == 16, "samples: " + size);
            assertTrue(update.stream().allMatch(m -> m.length <= 4));
            update.forEach(m -> IntStream.of(m).forEach(s -> seen.merge(s, 1, Integer::sum)));
            update.forEach(m -> IntStream.of(m).forEach(order::add));
        }
        assertEquals(100, seen.size());
        assertTrue(seen.values().stream().allMatch(n -> n == 3), seen::toString);
        assertNotEquals(order.subList(0, 100), order.subList(100, 200));
        // Files of samples have been trained on in this order since the first version.
        for (int epoch = 0; epoch < 3; epoch++) {
            List<Integer> shuffled =
                    new ArrayList<>(IntStream.range(0, 100).boxed().toList());
            Collections.shuffle(shuffled, new Random(SEED + epoch));
            assertEquals(shuffled, order.subList(100 * epoch, 100 * epoch + 100));
        }
    }

    @Test
    void fewSamplesMakeOneUpdate() {
        TrainingBatches updates = updates(samples(IntStream.rangeClosed(1, 5)), 1, 64, 64);
        assertEquals(1, updates.steps());
        assertEquals(5, all(updates).getFirst().getFirst().length);
    }

    @Test
    void theLongestSamplesTogetherAreTheLargestMicroBatch() {
        TrainingBatches updates = updates(samples(IntStream.of(3, 9, 1, 8, 9, 2)), 1, 4, 2);
        assertEquals(18, updates.largest().tokens());
    }

    /** Whatever the lengths, so that the tokens of an update hardly depend on which samples are in it. */
    @Test
    void packedUpdatesHoldAsManyTokensToWithinASample() {
        Random random = new Random(1);
        for (int trial = 0; trial < 500; trial++) {
            int sequence = 2 + random.nextInt(60);
            int batch = 1 + random.nextInt(6);
            int microBatch = 1 + random.nextInt(batch);
            int count = 1 + random.nextInt(200);
            int epochs = 1 + random.nextInt(3);
            List<Sample> samples = samples(random.ints(count, 1, sequence));
            TrainingBatches updates = packed(samples, epochs, batch, microBatch, sequence);
            int longest = samples.stream().mapToInt(Sample::tokens).max().orElseThrow();
            long tokens = epochs * samples.stream().mapToLong(Sample::tokens).sum();
            assertEquals(tokens, updates.tokens());
            double even = (double) tokens / updates.steps();
            assertTrue(
                    updates.steps() == 1 || even > batch * sequence * 0.66 && even < batch * sequence * 2,
                    () -> even + " tokens an update");
            List<List<int[]>> all = all(updates);
            assertEquals(updates.steps(), all.size());
            int[] seen = new int[count];
            for (List<int[]> update : all) {
                assertTrue(updates.tokens(update) > 0, "an update without samples");
                assertEquals(even, updates.tokens(update), longest, "tokens of an update");
                for (int[] microBatch0 : update) {
                    int size = updates.pack(microBatch0).tokens();
                    assertTrue(size > 0 && size <= microBatch * sequence + longest, "tokens at once: " + size);
                    assertTrue(size <= updates.largest().tokens());
                    IntStream.of(microBatch0).forEach(s -> seen[s]++);
                }
            }
            assertTrue(IntStream.of(seen).allMatch(n -> n == epochs));
        }
    }

    @Test
    void aPackedUpdateIsTheSameHoweverItIsComputed() {
        List<Sample> samples = samples(new Random(2).ints(90, 1, 32));
        List<List<int[]>> small = all(packed(samples, 2, 4, 1, 32));
        List<List<int[]>> large = all(packed(samples, 2, 4, 4, 32));
        assertEquals(small.size(), large.size());
        for (int step = 0; step < small.size(); step++) {
            assertEquals(flat(large.get(step)), flat(small.get(step)));
        }
    }

    private static List<Integer> flat(List<int[]> update) {
        return update.stream().flatMapToInt(IntStream::of).boxed().toList();
    }

    private static List<List<int[]>> all(TrainingBatches updates) {
        List<List<int[]>> all = new ArrayList<>();
        for (Iterator<List<int[]>> each = updates.iterator(); each.hasNext(); ) {
            all.add(each.next());
        }
        return all;
    }

    private static List<Sample> samples(IntStream lengths) {
        return lengths.mapToObj(n -> new Sample(new int[n], new int[n])).toList();
    }

    private static TrainingBatches updates(List<Sample> samples, int epochs, int batch, int microBatch) {
        return new TrainingBatches(TrainingData.of(samples, List.of()), settings(epochs, batch, microBatch));
    }

    private static TrainingBatches packed(List<Sample> samples, int epochs, int batch, int microBatch, int sequence) {
        return new TrainingBatches(
                TrainingData.of(samples, List.of()).packedInto(sequence), settings(epochs, batch, microBatch));
    }

    private static TuningSettings settings(int epochs, int batch, int microBatch) {
        return new TuningSettings(
                epochs,
                batch,
                microBatch,
                new TuningSettings.Rate(1e-3, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.empty(),
                0,
                SEED);
    }
}
