package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntUnaryOperator;
import org.espalier.error.Failure;
import org.espalier.model.Packed;
import org.junit.jupiter.api.Test;

class BatchLoaderTest {

    private static final int SAMPLES = 100;

    @Test
    void updatesComeInOrderFromWhereATrainingGoesOn() {
        for (int made : new int[] {0, 1, 20}) {
            TrainingBatches batches = batches(i -> i);
            Iterator<List<int[]>> expected = batches.iterator();
            for (int i = 0; i < made; i++) {
                expected.next();
            }
            try (BatchLoader loader = new BatchLoader(batches, made)) {
                while (expected.hasNext()) {
                    List<Packed> found = loader.next();
                    List<int[]> update = expected.next();
                    assertEquals(update.size(), found.size());
                    for (int m = 0; m < update.size(); m++) {
                        assertArrayEquals(update.get(m), found.get(m).ids());
                    }
                }
            }
        }
    }

    @Test
    void whatCannotBeMadeIsThrownAfterWhatCould() {
        Failure broken = new Failure("broken", "a text", "mend it");
        TrainingBatches batches = batches(i -> {
            throw broken;
        });
        try (BatchLoader loader = new BatchLoader(batches, 0)) {
            assertSame(broken, assertThrows(Failure.class, loader::next));
        }
    }

    /** No more than a few updates are made before they are asked for, and none after the end. */
    @Test
    void littleIsMadeAhead() {
        Set<Integer> made = ConcurrentHashMap.newKeySet();
        TrainingBatches batches = batches(i -> {
            made.add(i);
            return i;
        });
        try (BatchLoader loader = new BatchLoader(batches, 0)) {
            loader.next();
        }
        // The one that was asked for, two that are ready, and one that waits for room.
        assertTrue(made.size() <= 4 * 4, made::toString);
    }

    private static TrainingBatches batches(IntUnaryOperator id) {
        Samples samples = new Samples() {
            @Override
            public Sample get(int index) {
                return new Sample(new int[] {id.applyAsInt(index)}, new int[] {0});
            }

            @Override
            public int size() {
                return SAMPLES;
            }

            @Override
            int tokens(int index) {
                return 1;
            }
        };
        TrainingData data = new TrainingData(
                List.of(new SampleOrder.Source(samples, 1)), List.of(), new SampleRecord(), TrainingData.Skipped.NONE);
        return new TrainingBatches(
                data,
                new TuningSettings(
                        1,
                        4,
                        2,
                        new TuningSettings.Rate(1e-3, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                        TrainingSettings.plain(),
                        OptionalInt.empty(),
                        0,
                        1));
    }
}
