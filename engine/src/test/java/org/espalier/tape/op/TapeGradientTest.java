package org.espalier.tape.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tape.Element;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Retention;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of operations as a tape strings them together, against central differences of the loss. In float64 with steps of
 * 1e-5 a difference is wrong by about 1e-10.
 */
class TapeGradientTest {

    private static final int TOKENS = 3;
    private static final int POSITIONS = 4;
    private static final int HEADS = 2;
    private static final int CHANNELS = 6;
    private static final int VOCAB = 5;
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-8;
    /** Parameters in the place of activations, so that gradients of these are compared. */
    private static final Set<String> ACTIVATIONS = Set.of("x", "other");
    /** Their numbers are drawn anew in every run, or nobody asks for their gradients. */
    private static final Set<String> NOT_RECORDED = Set.of("Dropout", "GatherRows", "ScatterRows");

    /** What is recorded between {@code x [TOKENS, CHANNELS]} and the logits' projection. */
    private record Recording(String name, Body body) {

        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    private interface Body {
        Value record(Tape tape, Value x);
    }

    static Stream<Recording> recordings() {
        Stream<Recording> activations = Arrays.stream(ActivationFunction.values())
                .map(f -> new Recording(f.name(), (tape, x) -> Activation.record(tape, f, x)));
        return Stream.concat(
                activations,
                Stream.of(
                        new Recording("multiply", (tape, x) -> Multiply.record(tape, x, like(tape, "other", x))),
                        new Recording("square", (tape, x) -> Multiply.record(tape, x, x)),
                        new Recording("scale", (tape, x) -> Scale.record(tape, x, -0.75f)),
                        new Recording("layerNorm", (tape, x) -> layerNorm(tape, x, true)),
                        new Recording("layerNorm without bias", (tape, x) -> layerNorm(tape, x, false)),
                        new Recording("gated", TapeGradientTest::gated),
                        new Recording("swiGlu", TapeGradientTest::swiGlu),
                        new Recording("embedding", TapeGradientTest::embedding),
                        new Recording("attention", TapeGradientTest::attention),
                        new Recording(
                                "split, a part unused",
                                (tape, x) -> Split.record(tape, x, 2, 1, 3).get(2)),
                        new Recording("split of a value used twice", TapeGradientTest::splitBesideItself),
                        new Recording("split of every head", TapeGradientTest::splitHeads),
                        new Recording("rotary of a part of every head", (tape, x) -> rotated(tape, x, false)),
                        new Recording("rotary of neighbours", (tape, x) -> rotated(tape, x, true)),
                        new Recording("norm of every head", TapeGradientTest::headNorm)));
    }

    private static Value like(Tape tape, String name, Value x) {
        return tape.parameter(name, x.shape().toArray());
    }

    private static Value layerNorm(Tape tape, Value x, boolean biased) {
        Value bias = biased ? tape.parameter("bias", CHANNELS) : null;
        return LayerNorm.record(tape, x, tape.parameter("weight", CHANNELS), bias, 1e-3);
    }

    private static Value gated(Tape tape, Value x) {
        List<Value> parts = Split.record(tape, x, CHANNELS / 2, CHANNELS / 2);
        return Multiply.record(tape, Activation.record(tape, ActivationFunction.GELU, parts.get(0)), parts.get(1));
    }

    private static Value swiGlu(Tape tape, Value x) {
        List<Value> parts = Split.record(tape, x, CHANNELS / 2, CHANNELS / 2);
        return SwiGlu.record(tape, parts.get(0), parts.get(1));
    }

    private static Value embedding(Tape tape, Value x) {
        Value ids = tape.input("ids", Element.INDEX, TOKENS);
        return Add.record(tape, x, Embedding.record(tape, ids, tape.parameter("table", VOCAB, CHANNELS)), 0.5f);
    }

    private static Value attention(Tape tape, Value x) {
        List<Value> parts = Split.record(tape, x, 2, 2, 2).stream()
                .map(part -> tape.view(part, TOKENS, 1, 2))
                .toList();
        return tape.view(Attention.record(tape, parts.get(0), parts.get(1), parts.get(2), 0.7), TOKENS, 2);
    }

    /** One part is not read, and what was added to the gradient before must stay. */
    private static Value splitBesideItself(Tape tape, Value x) {
        Value doubled = Scale.record(tape, x, 2);
        Value part = Split.record(tape, doubled, 2, 2, 2).get(1);
        List<Value> others = Split.record(tape, doubled, 2, 4);
        Value sum = Add.record(tape, part, others.get(0), 0.5f);
        return Multiply.record(
                tape, sum, Split.record(tape, others.get(1), 2, 2).get(1));
    }

    private static Value rotated(Tape tape, Value x, boolean interleaved) {
        Value positions = tape.input("positions", Element.INDEX, TOKENS);
        Value table = tape.constant("angles", POSITIONS, 2, 1);
        Value heads = tape.view(x, TOKENS, HEADS, CHANNELS / HEADS);
        return tape.view(Rotary.record(tape, heads, positions, table, interleaved), TOKENS, CHANNELS);
    }

    private static Value splitHeads(Tape tape, Value x) {
        Value heads = tape.view(x, TOKENS * HEADS, CHANNELS / HEADS);
        List<Value> parts = Split.record(tape, heads, 1, 1, 1);
        Value product = Multiply.record(tape, parts.get(0), parts.get(1));
        return tape.view(Add.record(tape, product, parts.get(2), 1), TOKENS, HEADS);
    }

    private static Value headNorm(Tape tape, Value x) {
        Value heads = tape.view(x, TOKENS * HEADS, CHANNELS / HEADS);
        return tape.view(
                RmsNorm.record(tape, heads, tape.parameter("weight", CHANNELS / HEADS), 1e-3), TOKENS, CHANNELS);
    }

    @Test
    void everyOperationIsRecorded() throws IOException, URISyntaxException {
        Set<String> recorded = recordings()
                .flatMap(recording -> ops(recorded(recording)))
                .map(op -> op.getClass().getSimpleName())
                .collect(Collectors.toCollection(TreeSet::new));
        recorded.addAll(NOT_RECORDED);
        assertEquals(operations(), recorded);
    }

    /** The names of all classes that are operations. */
    private static Set<String> operations() throws IOException, URISyntaxException {
        Path classes = Path.of(
                Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.list(classes.resolve("org/espalier/tape/op"))) {
            return files.map(file -> file.getFileName().toString().replace(".class", ""))
                    .filter(name -> isOperation("org.espalier.tape.op." + name))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static boolean isOperation(String name) {
        try {
            Class<?> type = Class.forName(name);
            return Op.class.isAssignableFrom(type) && !type.isInterface();
        } catch (ClassNotFoundException e) {
            throw new AssertionError(name, e);
        }
    }

    private static Tape recorded(Recording recording) {
        Tape tape = new Tape();
        tape.segment("all");
        recordLoss(tape, recording);
        return tape;
    }

    private static Value recordLoss(Tape tape, Recording recording) {
        Value targets = tape.input("targets", Element.INDEX, TOKENS);
        Value body = recording.body.record(tape, tape.parameter("x", TOKENS, CHANNELS));
        Value head = tape.parameter("head", VOCAB, body.shape().dim(1));
        return CrossEntropy.record(tape, Linear.record(tape, body, head, null), targets);
    }

    private static Stream<Op> ops(Tape tape) {
        return tape.segments().stream().flatMap(segment -> segment.ops().stream());
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void moveToOtherOperands(Recording recording) {
        Tape other = recorded(recording);
        List<Op> moved = ops(recorded(recording))
                .map(op ->
                        op.with(value -> value == null ? null : other.values().get(value.id())))
                .toList();
        assertEquals(ops(other).toList(), moved);
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void sayWhatEveryParameterDoes(Recording recording) {
        ops(recorded(recording)).forEach(op -> {
            Set<Value> stated = op.weights().stream().map(WeightUse::weight).collect(Collectors.toSet());
            op.inputs().stream()
                    .filter(value -> value.role() == Value.Role.PARAMETER && !ACTIVATIONS.contains(value.name()))
                    .forEach(value -> assertTrue(stated.contains(value), () -> op + " says nothing of " + value));
        });
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void gradientsAreDifferencesOfTheLoss(Recording recording) {
        Tape tape = new Tape();
        tape.segment("all");
        Value loss = recordLoss(tape, recording);
        tape.result(loss);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Backend backend = new ReferenceBackend();
                GradientStore gradients = new GradientStore(backend, tape, name -> true);
                Executor executor = new Executor(
                        backend, tape, leaf -> weights.get(leaf.name()), gradients, Retention.KEEP, Observer.NONE)) {
            for (Value leaf : tape.leaves()) {
                if (leaf.role() == Value.Role.INPUT) {
                    executor.set(leaf, new int[] {3, 0, 2});
                } else {
                    weights.put(leaf.name(), backend.allocate(DType.F64, leaf.shape(), leaf.name()));
                    write(backend, executor, weights.get(leaf.name()), numbers(leaf));
                }
            }
            executor.forward(Sequences.packed(TOKENS));
            executor.backward(1, false);
            for (Value p : tape.leaves(Value.Role.PARAMETER)) {
                double[] gradient = HostCopy.readDoubles(
                        backend, executor.queue(), gradients.tensors().get(p.name()));
                compare(backend, executor, loss, p, weights.get(p.name()), gradient);
            }
        } finally {
            weights.values().forEach(t -> t.buffer().close());
        }
    }

    private static void compare(
            Backend backend, Executor executor, Value loss, Value parameter, Tensor weight, double[] gradient) {
        double[] numbers = numbers(parameter);
        assertTrue(Arrays.stream(gradient).anyMatch(g -> Math.abs(g) > 1e-3), parameter + " does not matter");
        for (int i = 0; i < numbers.length; i++) {
            double at = numbers[i];
            numbers[i] = at + STEP;
            double above = loss(backend, executor, loss, weight, numbers);
            numbers[i] = at - STEP;
            double below = loss(backend, executor, loss, weight, numbers);
            numbers[i] = at;
            assertEquals((above - below) / (2 * STEP), gradient[i], TOLERANCE, parameter + " entry " + i);
        }
        write(backend, executor, weight, numbers);
    }

    private static double loss(Backend backend, Executor executor, Value loss, Tensor weight, double[] numbers) {
        write(backend, executor, weight, numbers);
        executor.forward(Sequences.packed(TOKENS));
        return Arrays.stream(executor.read(loss)).sum();
    }

    private static void write(Backend backend, Executor executor, Tensor tensor, double[] numbers) {
        HostCopy.writeDoubles(backend, executor.queue(), numbers, tensor);
    }

    private static double[] numbers(Value parameter) {
        return new Random(parameter.name().hashCode())
                .doubles(parameter.shape().elements(), -1.5, 1.5)
                .toArray();
    }
}
