package org.espalier.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;

/** The cutting and counting of windows, with a model whose loss at an id is that id: a sum then names what was counted. */
class PerplexityTest {

    private final List<int[]> seen = new ArrayList<>();

    private double[][] idAsLoss(List<int[]> windows) {
        seen.addAll(windows);
        return windows.stream()
                .map(w -> Arrays.stream(w).skip(1).asDoubleStream().toArray())
                .toArray(double[][]::new);
    }

    private Perplexity.Result measure(int ids, Windows windows) {
        int[] text = IntStream.range(100, 100 + ids).toArray();
        return Perplexity.measure(text, windows, this::idAsLoss, "text", done -> {});
    }

    private static Windows windows(Protocol protocol, int seqLen, int stride) {
        return new Windows(protocol, seqLen, stride, Integer.MAX_VALUE, OptionalInt.of(7));
    }

    @Test
    void eachWindowStandsAloneAndTheRemainderIsDropped() {
        Perplexity.Result result = measure(11, windows(Protocol.LLM_PRUNER, 4, 4));
        assertEquals(2, result.count());
        assertEquals(6, result.predictions());
        assertEquals(101 + 102 + 103 + 105 + 106 + 107, result.nll());
        assertEquals(Math.exp(result.nll() / 6), result.ppl());
        assertArrayEquals(new int[] {104, 105, 106, 107}, seen.get(1));
    }

    @Test
    void overlappingWindowsCountEachIdOnce() {
        Perplexity.Result result = measure(9, windows(Protocol.GPTQ, 5, 2));
        assertEquals(3, result.count());
        assertEquals(IntStream.rangeClosed(101, 108).sum(), result.nll());
        assertEquals(8, result.predictions());
    }

    @Test
    void windowsWithGapsCountAllButTheirFirst() {
        Perplexity.Result result = measure(10, windows(Protocol.GPTQ, 3, 6));
        assertEquals(101 + 102 + 107 + 108, result.nll());
    }

    @Test
    void llamaCppCountsTheSecondHalfAfterBos() {
        Perplexity.Result result = measure(17, windows(Protocol.LLAMA_CPP, 8, 8));
        assertEquals(2, result.count());
        assertEquals(105 + 106 + 107 + 113 + 114 + 115, result.nll());
        assertEquals(6, result.predictions());
        assertArrayEquals(new int[] {7, 109, 110, 111, 112, 113, 114, 115}, seen.get(1));
    }

    @Test
    void mostWindowsBoundTheCount() {
        Perplexity.Result result = measure(100, new Windows(Protocol.LLM_PRUNER, 10, 10, 3, OptionalInt.empty()));
        assertEquals(3, result.count());
        assertEquals(27, result.predictions());
    }

    @Test
    void batchesDoNotChangeTheResult() {
        Perplexity.Result result = measure(128 * 20 + 5, windows(Protocol.LLM_PRUNER, 128, 128));
        assertEquals(20, result.count());
        assertEquals(20, seen.size());
        double all = IntStream.range(100, 100 + 2560)
                .filter(id -> (id - 100) % 128 != 0)
                .sum();
        assertEquals(all, result.nll());
    }

    @Test
    void progressAddsUpToTheCount() {
        int[] done = {0};
        Windows windows = windows(Protocol.LLM_PRUNER, 128, 128);
        int[] ids = new int[128 * 21];
        Perplexity.measure(ids, windows, this::idAsLoss, "text", n -> done[0] += n);
        assertEquals(Perplexity.count(ids, windows, "text"), done[0]);
    }

    @Test
    void textShorterThanOneWindowIsAFailure() {
        Failure failure = assertThrows(Failure.class, () -> measure(127, windows(Protocol.LLM_PRUNER, 128, 128)));
        assertTrue(failure.oneLine().contains("127 tokens"), failure.oneLine());
    }

    @Test
    void likelihoodsThatAreNotFiniteAreAFailure() {
        Windows windows = windows(Protocol.LLM_PRUNER, 2, 2);
        Failure failure = assertThrows(
                Failure.class,
                () -> Perplexity.measure(
                        new int[] {1, 2}, windows, w -> new double[][] {{Double.NaN}}, "text", done -> {}));
        assertTrue(failure.oneLine().contains("window 0"), failure.oneLine());
    }

    /** Where an id is its loss and its bytes, what is counted of both is the same. */
    @Test
    void bytesAreThoseOfTheIdsThatAreCounted() {
        for (Windows windows : List.of(
                windows(Protocol.LLM_PRUNER, 4, 4),
                windows(Protocol.GPTQ, 5, 2),
                windows(Protocol.GPTQ, 3, 6),
                windows(Protocol.LLAMA_CPP, 8, 8))) {
            Perplexity.Result result = measure(17, windows);
            assertTrue(result.bitsPerByte().isEmpty());
            Perplexity.Result counted = result.of(IntStream.range(100, 117).toArray(), id -> id);
            assertEquals(result.nll(), (double) counted.bytes());
            assertEquals(1 / Math.log(2), counted.bitsPerByte().orElseThrow(), 1e-12);
        }
    }
}
