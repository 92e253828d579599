package org.espalier.score;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.Aggregate;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
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
import org.espalier.tape.op.ExpertLinear;
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
            names = {"WANDA", "FLAP", "REAP", "RANDOM"})
    void scoresFollowFromGradients(Criterion criterion) {
        scoresFollowFromGradients(criterion, SmallModel.config(false));
        // Of a tied table the squares of either use are added, without the product of both.
        if (!criterion.saliency().needsFisher()) {
            scoresFollowFromGradients(criterion, SmallModel.config(true));
        }
        scoresFollowFromGradients(criterion, SmallModel.configWithExperts());
    }

    private static void scoresFollowFromGradients(Criterion criterion, ModelConfig config) {
        try (Backend backend = new ReferenceBackend();
                Model model = SmallModel.open(backend, config)) {
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

    @Test
    void reapIsTheMeanOfTheFactorTimesTheNormOfTheOutput() {
        try (Backend backend = new ReferenceBackend();
                Model model = SmallModel.open(backend, SmallModel.configWithExperts())) {
            Units experts = model.structure().units(0, Role.EXPERTS).orElseThrow();
            Method method = new Method(Criterion.REAP, Aggregate.SUM, Alignment.BY_UNIT, 0);
            double[] scores = ModelScores.of(model, List.of(experts), method, CALIBRATION)
                    .getFirst()
                    .scores();
            String block = "model.layers.0.mlp.";
            List<double[]> inputs = inputs(backend, model).get(block + "gate.weight");
            double[] sums = new double[experts.count()];
            int[] tokens = new int[experts.count()];
            for (double[] x : inputs) {
                double[] logits = product(backend, model, block + "gate", x);
                int[] order = IntStream.range(0, logits.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(e -> -logits[e]))
                        .mapToInt(Integer::intValue)
                        .toArray();
                double both = Math.exp(logits[order[0]]) + Math.exp(logits[order[1]]);
                for (int e : new int[] {order[0], order[1]}) {
                    double[] out = expert(backend, model, block + "experts." + e, x);
                    double norm = Math.sqrt(Arrays.stream(out).map(o -> o * o).sum());
                    sums[e] += Math.exp(logits[e]) / both * norm;
                    tokens[e]++;
                }
            }
            assertTrue(inputs.size() > 20 && Arrays.stream(tokens).allMatch(t -> t > 0), () -> Arrays.toString(tokens));
            Arrays.setAll(sums, e -> sums[e] / tokens[e]);
            Golden.assertCloseToLargest(sums, scores, FLOAT64, "REAP");
        }
    }

    private static double[] expert(Backend backend, Model model, String name, double[] x) {
        double[] gate = product(backend, model, name + ".gate_proj", x);
        double[] up = product(backend, model, name + ".up_proj", x);
        double[] gated = new double[gate.length];
        Arrays.setAll(gated, i -> gate[i] / (1 + Math.exp(-gate[i])) * up[i]);
        return product(backend, model, name + ".down_proj", gated);
    }

    private static double[] product(Backend backend, Model model, String name, double[] x) {
        double[] w = SmallModel.read(backend, model.weights().tensor(name + ".weight"));
        double[] y = new double[w.length / x.length];
        for (int i = 0; i < w.length; i++) {
            y[i / x.length] += w[i] * x[i % x.length];
        }
        return y;
    }

    private interface Statistics {
        /** One number for each column of the rows. */
        double[] of(List<double[]> rows);
    }

    private static void compareWithInputs(Criterion criterion, Statistics statistics, DoubleBinaryOperator saliency) {
        compareWithInputs(SmallModel.config(false), criterion, statistics, saliency);
        compareWithInputs(SmallModel.configWithExperts(), criterion, statistics, saliency);
    }

    private static void compareWithInputs(
            ModelConfig config, Criterion criterion, Statistics statistics, DoubleBinaryOperator saliency) {
        try (Backend backend = new ReferenceBackend();
                Model model = SmallModel.open(backend, config)) {
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
                    add(linear.w().name(), x, 0, x.shape().extent(0));
                } else if (op instanceof ExpertLinear experts) {
                    int[] starts = HostCopy.readInts(
                            backend, step.queue(), step.value(experts.routing().starts()));
                    for (int e = 0; e < experts.matrices().size(); e++) {
                        add(experts.matrices().get(e).name(), step.value(experts.x()), starts[e], starts[e + 1]);
                    }
                }
            }

            private void add(String weight, Tensor x, int start, int end) {
                double[] all = SmallModel.read(backend, x);
                int width = x.shape().columns();
                List<double[]> rows = inputs.computeIfAbsent(weight, n -> new ArrayList<>());
                for (int t = start; t < end; t++) {
                    rows.add(Arrays.copyOfRange(all, t * width, (t + 1) * width));
                }
            }
        };
        try (Executor executor = new Executor(
                backend, recording.tape(), model.leaves(Map.of()), Gradients.NONE, Retention.INFERENCE, capture)) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
        }
        assertTrue(inputs.size() >= 2 * 7 + 1, inputs.keySet()::toString);
        return inputs;
    }
}
