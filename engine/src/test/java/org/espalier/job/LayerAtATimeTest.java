package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.RandomModel;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.StandIn;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.cut.Compactor;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.file.Sha256;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Generator;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Scorer;
import org.espalier.model.Transformer;
import org.espalier.score.ModelScores;
import org.espalier.score.ModelScores.Walking;
import org.espalier.score.ScoringCost;
import org.espalier.tape.Observer;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A model whose weights are larger than the card gives what it gives on a large card, to the byte, and never takes more than
 * there is.
 */
@ExtendWith(StandIn.class)
class LayerAtATimeTest {

    private static final long MIB = 1 << 20;
    /** What cuBLAS takes, whatever the model: of the backend and of every further queue that computes at the same time. */
    private static final long WORKSPACE = 8 * MIB;

    private static final int LAYERS = 12;
    private static final LayerConfig SIZES = new LayerConfig(4, 2, 320);
    private static final long LARGE = 1L << 30;
    /** Beside cuBLAS; the weights take 3.6 million bytes. */
    private static final long SMALL = 3 * MIB;

    private static final List<int[]> SEQUENCES =
            List.of(new int[] {3, 1, 4, 1, 5, 9, 2, 6, 5}, new int[] {2, 7, 1, 8, 2, 8, 1});

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    /** What a card was asked for, and how much of it was in use. */
    private record Done<R>(R result, long peak, long weights) {}

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void lossesAreTheSame(boolean tied, boolean othersFirst) throws IOException {
        write(tied);
        same(0, othersFirst, model -> {
            try (Scorer scorer = new Scorer(model)) {
                // The second pass meets what the first one left.
                return List.of(
                        Arrays.deepToString(scorer.losses(SEQUENCES)), Arrays.deepToString(scorer.losses(SEQUENCES)));
            }
        });
    }

    /** Where weights come and go no token is captured: the driver would refuse what it takes to read them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theTokensThatFollowAreTheSame(boolean othersFirst) throws IOException {
        write(false);
        same(0, othersFirst, model -> {
            try (Generator generator = new Generator(model, 12)) {
                // More of them than a device takes one by one before it repeats what it was given.
                List<Object> tokens = List.of(
                        generator.next(3, 1, 4),
                        generator.next(1),
                        generator.next(5),
                        Arrays.toString(generator.logits(9)),
                        Arrays.toString(generator.logits(2)));
                assertEquals(Optional.empty(), generator.refusal());
                assertEquals(model.weights().resident(), StandIn.graphLaunches() > 0);
                return tokens;
            }
        });
    }

    /** Half of the card is left to work; work that takes more gets it from the weights, which are read more often then. */
    @Test
    void weightsGiveWayToWork() throws IOException {
        write(false);
        same(0, false, model -> {
            try (Scorer scorer = new Scorer(model)) {
                String before = Arrays.deepToString(scorer.losses(SEQUENCES));
                try (Buffer work = model.backend().allocate(2 * MIB, "work")) {
                    return List.of(before, Arrays.deepToString(scorer.losses(SEQUENCES)), work.bytes());
                }
            }
        });
    }

    /** On either card what is said before the work is what it takes, buffers for single operations aside. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REAP")
    void scoresAreTheSame(Criterion criterion) throws IOException {
        write(true);
        List<ScoringCost> reported = new ArrayList<>();
        Walking walking = new Walking(Long.MAX_VALUE, folder, false, Observer.NONE, reported::add);
        Method method = new Method(criterion, criterion.defaultAggregate(), Alignment.BY_UNIT, 7);
        List<Done<List<String>>> done = same(
                0,
                true,
                model -> new ModelScores(model, walking)
                                .of(
                                        Structure.of(new Transformer(model.config()).shape())
                                                .units(),
                                        method,
                                        SEQUENCES)
                                .stream()
                                .map(scores -> Arrays.toString(scores.scores()))
                                .toList());
        assertEquals(criterion.needsCalibration() ? 2 : 0, reported.size());
        for (int i = 0; i < reported.size(); i++) {
            double more = done.get(i).peak - WORKSPACE;
            assertEquals(more, (double) (reported.get(i).device() - WORKSPACE), 0.1 * more);
        }
    }

    /** A fit computes on two queues at once. */
    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void whatMakesUpForWhatIsGoneIsTheSame(Compensation kind) throws IOException {
        write(false);
        same(1, true, model -> {
            try (Checkpoint source = Checkpoints.open(folder.resolve("model"))) {
                Selection selection = new Selection(Structure.of(new Transformer(model.config()).shape()));
                Structure.of(new Transformer(model.config()).shape()).units().stream()
                        .filter(units -> units.group().role() == Role.NEURONS)
                        .forEach(units ->
                                selection.remove(units, IntStream.range(0, 90).toArray()));
                try (Compensated compensated = new Compensator(model, selection, SEQUENCES, 0.1).run(kind, () -> {})) {
                    new SafetensorsFolder()
                            .write(
                                    folder.resolve("out"),
                                    new Compactor(source, model.config(), selection, Optional.of(DType.BF16))
                                            .content(compensated),
                                    true);
                }
                return Sha256.ofFile(folder.resolve("out/model.safetensors"));
            }
        });
    }

    private void write(boolean tied) {
        RandomModel.write(RandomModel.config(64, 16, LAYERS, SIZES, tied), 3, folder.resolve("model"));
    }

    /** The same to the byte on a card that the weights do not fit, of which less is used than the weights would take. */
    private <R> List<Done<R>> same(int queues, boolean othersFirst, Work<R> work) throws IOException {
        Done<R> large = on(LARGE, queues, othersFirst, work);
        Done<R> small = on(SMALL, queues, othersFirst, work);
        assertEquals(large.result, small.result);
        assertTrue(small.peak - WORKSPACE * (1 + queues) < small.weights, small::toString);
        return List.of(large, small);
    }

    private <R> Done<R> on(long bytes, int queues, boolean othersFirst, Work<R> work) throws IOException {
        StandIn.reset();
        StandIn.setOthersFirst(othersFirst);
        StandIn.setMemory(bytes + (1 + queues) * WORKSPACE);
        try (CudaBackend cuda = CudaBackend.open(0);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = queues == 0 ? Model.open(checkpoint, cuda) : Model.open(checkpoint, cuda, bytes / 2)) {
            assertEquals(bytes == LARGE, model.weights().resident());
            R result = work.on(model);
            return new Done<>(result, cuda.peakBytes(), model.weights().bytes());
        }
    }

    @FunctionalInterface
    private interface Work<R> {
        R on(Model model) throws IOException;
    }
}
