package org.espalier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import org.espalier.Golden;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.couple.Member;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.Aggregate;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Retention;
import org.espalier.tape.Step;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every criterion in float64 against its definition, written out over whole gradients and captured inputs: rows, columns,
 * norms and embeddings, with sequences of unequal lengths.
 */
class CriteriaByDefinitionTest {

    private static final double FLOAT64 = 1e-9;
    private static final List<int[]> CALIBRATION = SmallModel.sequences(9, 1, 5, 12);
    private static final int COUNTED = 8 + 4 + 11;

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"WANDA", "FLAP", "RANDOM"})
    void scoresFollowFromGradients(Criterion criterion) {
        scoresFollowFromGradients(criterion, false);
        // Of a tied table the squares of either use are added, without the product of both.
        if (!criterion.saliency().needsFisher()) {
            scoresFollowFromGradients(criterion, true);
        }
    }

    private static void scoresFollowFromGradients(Criterion criterion, boolean tied) {
        try (Backend backend = new ReferenceBackend();
                Model model = SmallModel.open(backend, tied)) {
            Map<String, double[]> gradient = gradients(backend, model, CALIBRATION, 1.0 / COUNTED);
            List<Map<String, double[]>> single = CALIBRATION.stream()
                    .filter(ids -> ids.length > 1)
                    .map(ids -> gradients(backend, model, List.of(ids), 1.0 / (ids.length - 1)))
                    .toList();
            double averaged = criterion.sumsSquares() ? 1 : CALIBRATION.size();
            int compared = 0;
            List<Units> units =
                    Structure.of(new Transformer(model.config()).shape()).units();
            AxisScores axes = axes(model, units, criterion);
            for (Member member : units.stream()
                    .flatMap(u -> u.members().stream())
                    .filter(axes::has)
                    .toList()) {
                String name = member.tensor().name();
                double[] w = SmallModel.read(backend, model.weights().tensor(name));
                double[] s = new double[w.length];
                for (int i = 0; i < s.length; i++) {
                    int at = i;
                    double f = single.stream()
                                    .mapToDouble(g -> g.get(name)[at] * g.get(name)[at])
                                    .sum()
                            / averaged;
                    s[i] = saliency(criterion, w[i], gradient.get(name)[i], f);
                }
                double[] expected = sums(s, member, criterion == Criterion.VECTORIZE);
                Golden.assertCloseToLargest(expected, axes.along(member), FLOAT64, criterion + " " + member);
                compared++;
            }
            assertTrue(compared >= 2 * (4 + 3) * 2, compared + " members");
        }
    }

    @Test
    void vectorizeNeverComputesTheGradientOfAWeight() {
        List<String> called = new ArrayList<>();
        try (ReferenceBackend reference = new ReferenceBackend()) {
            Backend watched = (Backend) Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                        called.add(method.getName());
                        return method.invoke(reference, arguments);
                    });
            try (Model model = SmallModel.open(watched, true)) {
                AxisScores axes = axes(
                        model,
                        Structure.of(new Transformer(model.config()).shape()).units(),
                        Criterion.VECTORIZE);
                assertTrue(Structure.of(new Transformer(model.config()).shape()).units().stream()
                        .flatMap(u -> u.members().stream())
                        .anyMatch(axes::has));
            }
        }
        assertTrue(called.containsAll(List.of("linear", "linearBackwardInput", "columnDots")), "nothing was walked");
        for (String gradient : List.of("linearBackwardWeight", "embeddingBackward", "squaredGradients")) {
            assertFalse(called.contains(gradient), gradient);
        }
    }

    private static AxisScores axes(Model model, List<Units> units, Criterion criterion) {
        return new ModelScores(model, ModelScores.Walking.inMemory())
                .axes(units, new Method(criterion, Aggregate.SUM, Alignment.BY_UNIT, 0), CALIBRATION);
    }

    private static double saliency(Criterion criterion, double w, double g, double f) {
        return switch (criterion) {
            case VECTORIZE, PARAM_FIRST -> w * g;
            case PARAM_SECOND, PARAM_SECOND_SUM -> w * w * f;
            case PARAM_MIX, PARAM_MIX_SUM -> w * g - 0.5 * w * w * f;
            case L1 -> w;
            case L2 -> w * w;
            default -> throw new IllegalArgumentException(criterion.name());
        };
    }

    /** Sums over rows, columns or nothing. */
    private static double[] sums(double[] s, Member member, boolean signed) {
        int in = member.tensor().shape().rank() == 1
                ? 1
                : member.tensor().shape().extent(1);
        double[] sums = new double[member.tensor().shape().extent(member.axis())];
        for (int i = 0; i < s.length; i++) {
            sums[member.axis() == 0 ? i / in : i % in] += signed ? s[i] : Math.abs(s[i]);
        }
        return Arrays.stream(sums).map(Math::abs).toArray();
    }

    private static Map<String, double[]> gradients(Backend backend, Model model, List<int[]> sequences, double weight) {
        Packed packed = Packed.of(sequences);
        Recording recording = model.transformer().loss(packed.tokens());
        try (GradientStore store = new GradientStore(backend, recording.tape(), name -> true);
                Executor executor = new Executor(
                        backend, recording.tape(), model.leaves(Map.of()), store, Retention.KEEP, Observer.NONE)) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
            executor.backward(weight, false);
            Map<String, double[]> gradients = new HashMap<>();
            store.tensors().forEach((name, tensor) -> gradients.put(name, SmallModel.read(backend, tensor)));
            return gradients;
        }
    }

    @Test
    void wandaIsTheWeightTimesTheNormOfItsInput() {
        compareWithInputs(
                Criterion.WANDA,
                inputs -> {
                    double[] norms = new double[inputs.getFirst().length];
                    Arrays.setAll(
                            norms,
                            k -> Math.sqrt(inputs.stream()
                                    .mapToDouble(x -> x[k] * x[k])
                                    .sum()));
                    return norms;
                },
                (w, factor) -> Math.abs(w) * factor);
    }

    @Test
    void flapIsTheSquaredWeightTimesTheVarianceOfItsInput() {
        compareWithInputs(
                Criterion.FLAP,
                inputs -> {
                    double[] variances = new double[inputs.getFirst().length];
                    Arrays.setAll(variances, k -> {
                        double mean =
                                inputs.stream().mapToDouble(x -> x[k]).average().orElseThrow();
                        return inputs.stream()
                                        .mapToDouble(x -> (x[k] - mean) * (x[k] - mean))
                                        .sum()
                                / (inputs.size() - 1);
                    });
                    return variances;
                },
                (w, factor) -> w * w * factor);
    }

    private interface Statistics {
        /** One number for each column of the rows. */
        double[] of(List<double[]> rows);
    }

    private static void compareWithInputs(Criterion criterion, Statistics statistics, DoubleBinaryOperator saliency) {
        try (Backend backend = new ReferenceBackend();
                Model model = SmallModel.open(backend, false)) {
            Map<String, List<double[]>> inputs = inputs(backend, model);
            List<Units> units =
                    Structure.of(new Transformer(model.config()).shape()).units();
            AxisScores axes = axes(model, units, criterion);
            int compared = 0;
            for (Member member : units.stream()
                    .flatMap(u -> u.members().stream())
                    .filter(axes::has)
                    .toList()) {
                double[] w = SmallModel.read(
                        backend, model.weights().tensor(member.tensor().name()));
                double[] factors = statistics.of(inputs.get(member.tensor().name()));
                double[] s = new double[w.length];
                Arrays.setAll(s, i -> saliency.applyAsDouble(w[i], factors[i % factors.length]));
                Golden.assertCloseToLargest(
                        sums(s, member, false), axes.along(member), FLOAT64, criterion + " " + member);
                compared++;
            }
            assertTrue(compared >= 2 * 7 * 2 + 1, compared + " members");
        }
    }

    /** Rows that each linear layer's weight meets. */
    private static Map<String, List<double[]>> inputs(Backend backend, Model model) {
        Packed packed = Packed.of(CALIBRATION);
        Recording recording = model.transformer().loss(packed.tokens());
        Map<String, List<double[]>> inputs = new HashMap<>();
        Observer capture = new Observer() {
            @Override
            public void afterForward(Op op, Step step) {
                if (op instanceof Linear linear) {
                    Tensor x = step.value(linear.x());
                    double[] all = SmallModel.read(backend, x);
                    int width = x.shape().columns();
                    List<double[]> rows = inputs.computeIfAbsent(linear.w().name(), n -> new ArrayList<>());
                    for (int t = 0; t < x.shape().extent(0); t++) {
                        rows.add(Arrays.copyOfRange(all, t * width, (t + 1) * width));
                    }
                }
            }
        };
        try (Executor executor = new Executor(
                backend, recording.tape(), model.leaves(Map.of()), Gradients.NONE, Retention.INFERENCE, capture)) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
        }
        assertEquals(2 * 7 + 1, inputs.size());
        return inputs;
    }
}
