package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What models cost, from their configuration alone, is what LLM-Pruner published and what its own formulas give. */
class PublishedCostTest {

    private static final double MIB = 1 << 20;

    private static Path published(String name) {
        return Shared.path("cases/published/" + name + "/config.json");
    }

    private static InfoJob.Result pruned(String model, double ratio, int first, int last) {
        Optional<LayerRange> layers = Optional.of(new LayerRange(first, last));
        return new InfoJob().run(published(model), new PrunedShape(ratio, layers, layers));
    }

    @Test
    void llama7bIsAsPublished() {
        InfoJob.Result dense = new InfoJob().run(published("llama-7b"));
        assertEquals(6_738_415_616L, dense.parameters());
        assertEquals(424_021_065_728L, dense.multiplyAdds().llmPruner());
        assertEquals(424_021_065_728L, dense.multiplyAdds().count());
        assertEquals(12_884.5, dense.llmPrunerMemory() / MIB, 0.05);
    }

    /** "20 %" takes a quarter of layers 4 to 29, "50 %" three fifths of layers 3 to 30. */
    @ParameterizedTest
    @CsvSource({"0.25, 4, 29, 5422977024, 339.60, 10375.5", "0.6, 3, 30, 3350188032, 206.59, 6533.9"})
    void llama7bPrunedIsAsPublished(
            double ratio, int first, int last, long parameters, double gigaMacs, double mebibytes) {
        InfoJob.Result pruned = pruned("llama-7b", ratio, first, last);
        assertEquals(parameters, pruned.parameters());
        assertEquals(gigaMacs, pruned.multiplyAdds().llmPruner() / 1e9, 0.005);
        assertEquals(pruned.multiplyAdds().llmPruner(), pruned.multiplyAdds().count());
        assertEquals(mebibytes, pruned.llmPrunerMemory() / MIB, 0.1);
    }

    /** The layers that lose a part are as usual those of the "20 %". */
    @Test
    void theUsualLayersAreThoseOfTheTable() {
        assertEquals(
                pruned("llama-7b", 0.25, 4, 29),
                new InfoJob().run(published("llama-7b"), new PrunedShape(0.25, Optional.empty(), Optional.empty())));
    }

    /** With grouped queries, whole groups go. */
    @ParameterizedTest
    @CsvSource({"llama-3-8b, 4, 29, 6612586496", "tinyllama-1.1b, 4, 17, 945907712"})
    void groupedQueriesArePrunedAsPublished(String model, int first, int last, long parameters) {
        assertEquals(parameters, pruned(model, 0.25, first, last).parameters());
    }

    /**
     * LLaMA-3-8B: 32 layers of 4096 channels, 32 heads of 128 that share 8 keys and values, 14336 neurons, a vocabulary of
     * 128256.
     */
    @Test
    void groupedQueriesAreCountedBothWays() {
        long tokens = 64;
        long width = 4096;
        long scores = 32 * (2 * tokens * tokens * 128 + tokens * tokens);
        long mlp = 3 * tokens * width * 14336 + tokens * 14336;
        long norms = 2 * tokens * width;
        long head = tokens * width * 128256;
        long equalHeads = 4 * tokens * width * width + 2 * tokens * (width + width);
        long grouped = 2 * tokens * width * (width + 1024) + 2 * tokens * (width + 1024);
        long rest = 32 * (scores + mlp + 2 * norms) + norms + head;
        InfoJob.Result info = new InfoJob().run(published("llama-3-8b"));
        assertEquals(rest + 32 * equalHeads, info.multiplyAdds().llmPruner());
        assertEquals(rest + 32 * grouped, info.multiplyAdds().count());
        assertEquals(32L * 2 * 8 * 128 * Float.BYTES, info.cacheBytes());
    }
}
