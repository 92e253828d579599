package org.espalier.job.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.job.serve.TokenScore.Alternative;
import org.junit.jupiter.api.Test;

class LogProbabilitiesTest {

    @Test
    void probabilitiesAddToOne() {
        float[] logits = {1000, 999, -1000, 998.5f};
        LogProbabilities probabilities = new LogProbabilities(logits);
        double sum = IntStream.range(0, logits.length)
                .mapToDouble(id -> Math.exp(probabilities.score(id, 0).logprob().orElseThrow()))
                .sum();
        assertEquals(1, sum, 1e-12);
    }

    @Test
    void likeliestAreInOrderTheLowestIdsOfEqualsFirst() {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            float[] logits = new float[1 + random.nextInt(40)];
            for (int v = 0; v < logits.length; v++) {
                logits[v] = random.nextInt(10);
            }
            int count = random.nextInt(12);
            List<Integer> expected = IntStream.range(0, logits.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer v) -> -logits[v])
                            .thenComparing(v -> v))
                    .limit(count)
                    .toList();
            assertEquals(
                    expected,
                    new LogProbabilities(logits)
                            .score(0, count).likeliest().stream()
                                    .map(Alternative::id)
                                    .toList());
        }
    }
}
