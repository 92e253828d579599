package org.espalier.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.cut.Compactor;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.job.Pruning;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.plan.Allocation;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.score.ModelScores.Walking;
import org.espalier.tape.Executor;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Retention;
import org.espalier.tape.Step;
import org.espalier.tape.op.RmsNorm;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each way to score whole attentions, MLPs and layers, in float64 against its definition. */
class BlockScorerTest {

    private static final double FLOAT64 = 1e-9;
    private static final int LAYERS = 3;
    private static final List<int[]> CALIBRATION = SmallModel.sequences(9, 5, 12);

    @TempDir
    private Path folder;

    @BeforeEach
    void write() {
        RandomModel.write(
                RandomModel.config(24, 6, LAYERS, new LayerConfig(4, 2, 17), true), 5, folder.resolve("source"));
    }

    private interface Look {
        void at(Checkpoint source, Model model, Backend backend);
    }

    private void open(Look look) {
        try (Backend backend = new ReferenceBackend();
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            look.at(source, model, backend);
        }
    }

    private static double[] scores(Model model, Kind kind, BlockCriterion criterion, Criterion of) {
        Candidates candidates = Candidates.anywhere(List.of(), List.of(kind), criterion);
        Method method = new Method(of, Aggregate.SUM, Alignment.BY_UNIT, 0);
        return Ranker.of(model, Walking.inMemory(), method, candidates, CALIBRATION)
                .blocks()
                .getFirst()
                .scores();
    }

    @Test
    void byPositionTheLastGoesFirst() {
        open((source, model, backend) -> {
            double[] scores = scores(model, Kind.LAYERS, BlockCriterion.POSITION, Criterion.L2);
            assertTrue(scores[0] > scores[1] && scores[1] > scores[2], Arrays.toString(scores));
        });
    }

    /** What a block is worth by the Taylor criteria, or any other: the sum over all its units. */
    @ParameterizedTest
    @CsvSource({"PARAM_FIRST, LAYERS", "PARAM_MIX, ATTENTION", "VECTORIZE, MLP"})
    void byUnitsABlockIsTheSumOfWhatIsInIt(Criterion criterion, Kind kind) {
        open((source, model, backend) -> {
            List<Units> units = Structure.of(new Transformer(model.config()).shape()).units().stream()
                    .filter(u -> u.layer() >= 0
                            && (u.group().role() == Role.HEADS && kind != Kind.MLP
                                    || u.group().role() == Role.NEURONS && kind != Kind.ATTENTION))
                    .toList();
            double[] expected = new double[LAYERS];
            for (UnitScores of : ModelScores.of(
                    model, units, new Method(criterion, Aggregate.SUM, Alignment.BY_UNIT, 0), CALIBRATION)) {
                expected[of.units().layer()] += Arrays.stream(of.scores()).sum();
            }
            Golden.assertCloseToLargest(
                    expected, scores(model, kind, BlockCriterion.UNITS, criterion), FLOAT64, criterion.toString());
        });
    }

    /** A model written without the block, and its loss. */
    @ParameterizedTest
    @EnumSource
    void byLossItIsTheRiseWhenTheBlockIsLeftOut(Kind kind) {
        open((source, model, backend) -> {
            double[] expected = new double[LAYERS];
            for (int layer = 0; layer < LAYERS; layer++) {
                Selection without = new Selection(Structure.of(new Transformer(model.config()).shape()));
                kind.branches(without.structure(), layer).forEach(without::remove);
                Path out = folder.resolve(kind + "" + layer);
                new SafetensorsFolder()
                        .write(out, new Compactor(source, model.config(), without, Optional.empty()).content(), false);
                try (Checkpoint cut = Checkpoints.open(out);
                        Model smaller = Model.open(cut, backend)) {
                    expected[layer] = loss(smaller) - loss(model);
                }
            }
            Golden.assertCloseToLargest(
                    expected, scores(model, kind, BlockCriterion.LOSS, Criterion.L2), FLOAT64, kind.toString());
        });
    }

    private static double loss(Model model) {
        try (Scorer scorer = new Scorer(model)) {
            return Arrays.stream(scorer.losses(CALIBRATION))
                    .flatMapToDouble(Arrays::stream)
                    .average()
                    .orElseThrow();
        }
    }

    /** One minus the cosine of the residual stream before and after, over all tokens: what the norms read. */
    @ParameterizedTest
    @EnumSource
    void byCosineItIsHowMuchTheStreamTurns(Kind kind) {
        open((source, model, backend) -> {
            List<double[]> streams = streams(model, backend);
            assertEquals(2 * LAYERS + 1, streams.size());
            int before = kind == Kind.MLP ? 1 : 0;
            int after = kind == Kind.ATTENTION ? 1 : 2;
            double[] expected = IntStream.range(0, LAYERS)
                    .mapToDouble(layer -> turn(streams.get(2 * layer + before), streams.get(2 * layer + after)))
                    .toArray();
            double[] scores = scores(model, kind, BlockCriterion.COSINE, Criterion.L2);
            Golden.assertCloseToLargest(expected, scores, FLOAT64, kind.toString());
            assertTrue(Arrays.stream(scores).allMatch(s -> s > 0 && s < 2), Arrays.toString(scores));
        });
    }

    private static double turn(double[] before, double[] after) {
        int width = 24;
        double sum = 0;
        for (int t = 0; t < before.length; t += width) {
            double[] a = Arrays.copyOfRange(before, t, t + width);
            double[] b = Arrays.copyOfRange(after, t, t + width);
            sum += 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
        }
        return sum * width / before.length;
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }

    /** What each norm reads, first to last. */
    private static List<double[]> streams(Model model, Backend backend) {
        List<double[]> streams = new ArrayList<>();
        Observer capture = new Observer() {
            @Override
            public void afterForward(Op op, Step step) {
                if (op instanceof RmsNorm norm) {
                    streams.add(SmallModel.read(backend, step.value(norm.x())));
                }
            }
        };
        Packed packed = Packed.of(CALIBRATION);
        Recording recording = model.transformer().logits(packed.tokens());
        try (Executor executor = new Executor(
                backend, recording.tape(), model.leaves(Map.of()), Gradients.NONE, Retention.INFERENCE, capture)) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
        }
        return streams;
    }

    /** The layer that is worth least goes, whichever way it is scored. */
    @ParameterizedTest
    @EnumSource
    void theLeastGoes(BlockCriterion criterion) {
        open((source, model, backend) -> {
            double[] scores = scores(model, Kind.LAYERS, criterion, Criterion.PARAM_FIRST);
            int least = IntStream.range(0, LAYERS)
                    .boxed()
                    .min((a, b) -> Double.compare(scores[a], scores[b]))
                    .orElseThrow();
            Budget one = new Budget(
                    new Budget.Amount(0.33, true, 1, 1),
                    Allocation.Scope.LOCAL,
                    Allocation.Normalise.NONE,
                    Candidates.anywhere(List.of(), List.of(Kind.LAYERS), criterion));
            Plan plan = new Pruning(source, model, Walking.inMemory(), folder.resolve("steps"))
                    .plan(
                            new Method(Criterion.PARAM_FIRST, Aggregate.SUM, Alignment.BY_UNIT, 0),
                            one,
                            Optional.of(new Calibration(CALIBRATION)))
                    .plan();
            assertEquals("layer", plan.choice().mode());
            int[] kept =
                    plan.kept().layers().stream().mapToInt(Plan.Layer::layer).toArray();
            assertArrayEquals(
                    IntStream.range(0, LAYERS).filter(layer -> layer != least).toArray(), kept);
        });
    }
}
