package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.RandomModel;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights that come and go while work on them is queued: what waits for what. */
@ExtendWith(StandIn.class)
class LayerWaitsTest {

    private static final LayerConfig SIZES = new LayerConfig(4, 2, 96);
    /** Room for one layer, which is read when it is used, and little more. */
    private static final long ONE = 125_000;
    /** Room for two, one of which is read ahead. */
    private static final long TWO = 250_000;

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
        RandomModel.write(RandomModel.config(64, 16, 4, SIZES, false), 3, folder.resolve("model"));
    }

    /**
     * Each wait between streams is left out in turn. Either it was not needed for this order of the work, or the stand-in
     * finds what goes wrong: weights that are read before they are there, and that are given back before they were read.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void plantedMissingWaitIsFound(boolean othersFirst) {
        List<String> found = leftOutInTurn(othersFirst, ONE);
        // Which of the two it is depends on which thread was first.
        assertTrue(
                found.stream()
                        .anyMatch(fault -> fault.contains("never written, of device allocation")
                                || fault.contains("before its stream has come to allocating it, device allocation")),
                found::toString);
        assertTrue(
                found.stream().anyMatch(fault -> fault.contains("freed before: device allocation")), found::toString);
    }

    /** With a layer that is read ahead each run may come to its waits in another order, and misses one all the same. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void plantedMissingWaitOfReadingAheadNeverGivesOtherNumbers(boolean othersFirst) {
        assertFalse(leftOutInTurn(othersFirst, TWO).isEmpty());
    }

    /** What is found, having compared the numbers of runs where nothing is. */
    private List<String> leftOutInTurn(boolean othersFirst, long budget) {
        float[] expected = logits(othersFirst, budget, 0);
        long waits = StandIn.waits();
        List<String> found = new ArrayList<>();
        for (int left = 1; left <= waits; left++) {
            StandIn.reset();
            try {
                assertArrayEquals(expected, logits(othersFirst, budget, left), "wait " + left + " left out");
            } catch (Failure fault) {
                found.add(fault.problem());
            }
        }
        StandIn.reset();
        return found;
    }

    private float[] logits(boolean othersFirst, long budget, int leftOut) {
        StandIn.setOthersFirst(othersFirst);
        StandIn.set("missing_wait", leftOut);
        try (CudaBackend cuda = CudaBackend.open(0);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, cuda, budget)) {
            assertFalse(model.weights().resident());
            Packed packed = Packed.of(List.of(new int[] {3, 1, 4}));
            Recording recording = model.transformer().logits(3);
            try (Executor executor = Executor.inference(cuda, recording.tape(), model.leaves(Map.of()))) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                return executor.readFloats(recording.logits());
            }
        }
    }
}
