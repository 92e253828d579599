package org.espalier.tape.op;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AttentionForm;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Operations as a tape strings them together, up to a loss: between them all that there are.
 *
 * @param body what is recorded between {@code x [TOKENS, CHANNELS]} and the logits' projection
 * @param end  the loss
 */
record Recording(String name, Body body, End end) {

    static final int TOKENS = 3;
    /** Parameters in the place of activations, so that gradients of these are compared. */
    static final Set<String> ACTIVATIONS = Set.of("x", "other");

    private static final int POSITIONS = 4;
    private static final int HEADS = 2;
    private static final int CHANNELS = 6;
    private static final int VOCAB = 5;
    private static final int EXPERTS = 3;

    @FunctionalInterface
    interface Body {
        Value record(Tape tape, Value x);
    }

    @FunctionalInterface
    interface End {
        Value record(Tape tape, Value logits, Value targets);
    }

    Recording(String name, Body body) {
        this(name, body, CrossEntropy::record);
    }

    private static Recording distilled(double share) {
        return new Recording(
                "distillation, share " + share,
                (tape, x) -> x,
                (tape, logits, targets) ->
                        Distillation.record(tape, logits, tape.constant("teacher", TOKENS, VOCAB), targets, share));
    }

    /** Those with steady gradients, and the operations whose numbers are drawn anew in every run or come from another run. */
    static Stream<Recording> all() {
        return Stream.concat(
                withSteadyGradients(),
                Stream.of(
                        new Recording("dropout", (tape, x) -> Dropout.record(tape, x, 0.25, 0)),
                        new Recording("gatherRows", Recording::selected),
                        new Recording("scatterRows", Recording::cached)));
    }

    /** Recordings whose loss is the same function of the parameters in every run. */
    static Stream<Recording> withSteadyGradients() {
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
                        new Recording("gated", Recording::gated),
                        new Recording("swiGlu", Recording::swiGlu),
                        new Recording("embedding", Recording::embedding),
                        new Recording("attention", Recording::attention),
                        new Recording("attention with a window, a bound and slopes", Recording::formedAttention),
                        new Recording(
                                "split, a part unused",
                                (tape, x) -> Split.record(tape, x, 2, 1, 3).get(2)),
                        new Recording("split of a value used twice", Recording::splitBesideItself),
                        new Recording("split of every head", Recording::splitHeads),
                        new Recording("rotary of a part of every head", (tape, x) -> rotated(tape, x, false)),
                        new Recording("rotary of neighbours", (tape, x) -> rotated(tape, x, true)),
                        new Recording("norm of every head", Recording::headNorm),
                        new Recording("experts", (tape, x) -> experts(tape, x, true)),
                        new Recording("experts, factors of all", (tape, x) -> experts(tape, x, false)),
                        distilled(0),
                        distilled(0.75),
                        distilled(1)));
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

    private static Value formedAttention(Tape tape, Value x) {
        List<Value> parts = Split.record(tape, x, 2, 2, 2).stream()
                .map(part -> tape.view(part, TOKENS, 2, 1))
                .toList();
        Value slopes = tape.constant("slopes", 2);
        AttentionForm form = new AttentionForm(0.7, 1.5, 2);
        return tape.view(Attention.record(tape, parts.get(0), parts.get(1), parts.get(2), slopes, form), TOKENS, 2);
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

    /** Two of three experts for each token. */
    private static Value experts(Tape tape, Value x, boolean normalised) {
        Value logits = Linear.record(tape, x, tape.parameter("router", EXPERTS, CHANNELS), null);
        Routing routing = Route.record(tape, logits, 2, normalised);
        Value rows = Dispatch.record(tape, x, routing);
        Value made = ExpertLinear.record(tape, rows, matrices(tape, "w", CHANNELS, CHANNELS), routing);
        Value gated = Multiply.record(tape, made, rows);
        Value read = ExpertLinear.record(tape, gated, matrices(tape, "v", CHANNELS, CHANNELS), routing);
        return Combine.record(tape, read, routing);
    }

    private static List<Value> matrices(Tape tape, String name, long out, long in) {
        return IntStream.range(0, EXPERTS)
                .mapToObj(e -> tape.parameter(name + e, out, in))
                .toList();
    }

    private static Value selected(Tape tape, Value x) {
        return GatherRows.record(tape, x, tape.input("rows", Element.INDEX, TOKENS));
    }

    private static Value cached(Tape tape, Value x) {
        Value state = tape.state("cache", TOKENS, CHANNELS);
        ScatterRows.record(tape, x, tape.input("rows", Element.INDEX, TOKENS), state);
        return state;
    }

    /** A tape with this and a loss on it. */
    Tape recorded() {
        Tape tape = new Tape();
        tape.segment("all");
        recordOn(tape);
        return tape;
    }

    /** Records this and a loss, which is given back. */
    Value recordOn(Tape tape) {
        Value targets = tape.input("targets", Element.INDEX, TOKENS);
        Value last = body.record(tape, tape.parameter("x", TOKENS, CHANNELS));
        Value head = tape.parameter("head", VOCAB, last.shape().dim(1));
        return end.record(tape, Linear.record(tape, last, head, null), targets);
    }

    /** All operations of {@link #recorded()}, in order. */
    static Stream<Op> ops(Tape tape) {
        return tape.segments().stream().flatMap(segment -> segment.ops().stream());
    }

    @Override
    public String toString() {
        return name;
    }
}
