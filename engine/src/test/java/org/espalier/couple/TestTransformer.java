package org.espalier.couple;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.espalier.backend.ActivationFunction;
import org.espalier.couple.Sizes.Block;
import org.espalier.couple.Style.Gate;
import org.espalier.couple.Style.Option;
import org.espalier.couple.Style.Projections;
import org.espalier.couple.Style.Rotation;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.LayerNorm;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.SwiGlu;

/**
 * A transformer that only tests know, recorded in any style. Shapes are comments on the right: T tokens, C channels,
 * G key/value heads, R queries of each, H = G · R, D dimensions of queries and keys, E of values, I neurons.
 */
final class TestTransformer {

    static final int VOCAB = 11;
    static final int TOKENS = 5;
    private static final double EPS = 1e-5;
    /** What models have in place of 1 / √D; a number of its own, so that it stays when D shrinks. */
    private static final double SCALE = 0.8;

    private static final float RESIDUAL = 1.5f;

    final Tape tape = new Tape();
    final Value ids = tape.input("ids", Element.INDEX, TOKENS);
    final Value positions = tape.input("positions", Element.INDEX, TOKENS);
    final Value otherPositions = tape.input("other positions", Element.INDEX, TOKENS);
    final Value logits;

    private final Style style;
    private final Sizes sizes;
    private final Map<String, BitSet> kept;

    /**
     * Records a forward pass.
     *
     * @param kept by the name of a normalisation's weight, the channels over which it runs; others run over all
     */
    TestTransformer(Style style, Sizes sizes, Map<String, BitSet> kept) {
        this.style = style;
        this.sizes = sizes;
        this.kept = kept;
        tape.segment("embedding");
        Value table = tape.parameter("wte.weight", VOCAB, sizes.channels());
        Value stream = embed(table); // [T, C]
        for (int i = 0; i < sizes.blocks().size(); i++) {
            tape.segment("layer " + i);
            stream = layer(stream, "h." + i + ".", sizes.blocks().get(i));
        }
        tape.segment("head");
        Value normed = norm(stream, "ln_f");
        logits = style.has(Option.TIED) ? Linear.record(tape, normed, table, null) : linear(normed, "head", VOCAB);
        tape.result(logits);
    }

    private Value embed(Value table) {
        Value stream = Embedding.record(tape, ids, table);
        if (style.has(Option.LEARNED_POSITIONS)) {
            Value places = Embedding.record(tape, positions, tape.parameter("wpe.weight", TOKENS, sizes.channels()));
            stream = Add.record(tape, stream, places, 1);
        }
        stream = style.has(Option.EMBEDDING_NORM) ? norm(stream, "ln_e") : stream;
        return opaque(stream, Option.OPAQUE_STREAM);
    }

    private Value layer(Value stream, String prefix, Block block) {
        Value first = norm(stream, prefix + "ln_1");
        Value attended = attention(first, prefix + "attn.", block);
        Value middle = residual(stream, first, attended);
        if (style.has(Option.PARALLEL)) {
            return Add.record(tape, middle, mlp(first, prefix + "mlp.", block.neurons()), 1);
        }
        Value second = norm(middle, prefix + "ln_2");
        return residual(middle, second, mlp(second, prefix + "mlp.", block.neurons()));
    }

    private Value residual(Value stream, Value normed, Value branch) {
        return style.has(Option.NORMED_RESIDUAL)
                ? Add.record(tape, branch, normed, RESIDUAL)
                : Add.record(tape, stream, branch, 1);
    }

    private Value attention(Value x, String prefix, Block block) {
        int heads = block.kvHeads() * block.queries();
        List<Value> projected = project(x, prefix, block);
        Value query = turn(projected.get(0), prefix + "q_norm"); // [T, H, D]
        Value key = turn(projected.get(1), prefix + "k_norm"); // [T, G, D]
        Value value = opaque(projected.get(2), Option.OPAQUE_VALUES); // [T, G, E]
        if (style.has(Option.REPEATED_KEYS)) {
            key = HostOps.repeatHeads(tape, key, block.queries()); // [T, H, D]
            value = HostOps.repeatHeads(tape, value, block.queries()); // [T, H, E]
        }
        Value out = Attention.record(tape, opaque(query, Option.OPAQUE_QUERIES), key, value, SCALE);
        if (style.projections() == Projections.HEADS_FASTEST) {
            out = HostOps.transpose(tape, out, 0, 2, 1); // [T, E, H]
        }
        return linear(tape.view(out, TOKENS, heads * value.shape().dim(2)), prefix + "o", sizes.channels());
    }

    /** Queries {@code [T, H, D]}, keys {@code [T, G, D]} and values {@code [T, G, E]}. */
    private List<Value> project(Value x, String prefix, Block block) {
        int g = block.kvHeads();
        int heads = g * block.queries();
        int d = style.rotated(sizes.pairs()) + block.plain();
        int e = block.values();
        return switch (style.projections()) {
            case SEPARATE ->
                List.of(
                        view(linear(x, prefix + "q", (long) heads * d), heads),
                        view(linear(x, prefix + "k", (long) g * d), g),
                        view(linear(x, prefix + "v", (long) g * e), g));
            case HEADS_FASTEST ->
                List.of(
                        headsLast(x, prefix + "q", heads, d),
                        headsLast(x, prefix + "k", g, d),
                        headsLast(x, prefix + "v", g, e));
            case SLICED_ROWS -> {
                List<Value> parts = rows(x, prefix + "qkv", heads * d, g * d, g * e);
                yield List.of(view(parts.get(0), heads), view(parts.get(1), g), view(parts.get(2), g));
            }
            case CHUNKED -> {
                List<Value> parts = HostOps.split(
                        tape,
                        linear(x, prefix + "qkv", (long) (heads + g) * d + (long) g * e),
                        1,
                        (long) heads * d,
                        (long) g * d,
                        (long) g * e);
                yield List.of(view(parts.get(0), heads), view(parts.get(1), g), view(parts.get(2), g));
            }
            case PER_HEAD -> {
                int own = block.queries() * d; // [T, G, R · D + D + E]
                List<Value> parts =
                        HostOps.split(tape, view(linear(x, prefix + "qkv", (long) g * (own + d + e)), g), 2, own, d, e);
                yield List.of(view(parts.get(0), heads), parts.get(1), parts.get(2));
            }
            case HEADS_AXIS -> {
                int all = block.queries() + 2; // [T, G, R + 2, D]
                Value fused = tape.view(linear(x, prefix + "qkv", (long) g * all * d), TOKENS, g, all, d);
                List<Value> parts = HostOps.split(tape, fused, 2, block.queries(), 1, 1);
                yield List.of(view(parts.get(0), heads), view(parts.get(1), g), view(parts.get(2), g));
            }
        };
    }

    private Value view(Value x, int heads) {
        return tape.view(x, TOKENS, heads, x.shape().elements() / TOKENS / heads);
    }

    private Value headsLast(Value x, String name, int heads, int dims) {
        Value y = tape.view(linear(x, name, (long) dims * heads), TOKENS, dims, heads);
        return HostOps.transpose(tape, y, 0, 2, 1);
    }

    /** Several products with parts of the rows of one matrix. */
    private List<Value> rows(Value x, String name, int... extents) {
        int out = IntStream.of(extents).sum();
        Value w = weight(name, out, x.shape().dim(1));
        Value bias = bias(name, out);
        List<Value> parts = new ArrayList<>();
        int at = 0;
        for (int extent : extents) {
            parts.add(Linear.record(
                    tape, x, tape.slice(w, at, at + extent), bias == null ? null : tape.slice(bias, at, at + extent)));
            at += extent;
        }
        return parts;
    }

    /** Normalised and rotated, where the style asks for it: {@code [T, h, D]}. */
    private Value turn(Value x, String name) {
        Value normed = x;
        if (style.has(Option.HEAD_NORM)) {
            long d = x.shape().dim(2);
            normed = tape.view(
                    norm(tape.view(x, x.shape().elements() / d, d), name),
                    x.shape().toArray());
        }
        int part = 2 * sizes.pairs();
        return switch (style.rotation()) {
            case NONE -> normed;
            case HALVES, INTERLEAVED -> rotate(normed, List.of(positions), part);
            case TWO_DIMENSIONAL -> rotate(normed, List.of(positions, otherPositions), part);
        };
    }

    /** The first dimensions rotated, {@code part} by each of the positions; the rest as it is. */
    private Value rotate(Value x, List<Value> by, int part) {
        Value table = tape.constant("angles", TOKENS, 2, sizes.pairs());
        boolean interleaved = style.rotation() == Rotation.INTERLEAVED;
        long d = x.shape().dim(2);
        if (by.size() == 1) {
            return Rotary.record(tape, x, by.getFirst(), table, interleaved);
        }
        int turned = by.size() * part;
        long[] extents = LongStream.concat(LongStream.generate(() -> part).limit(by.size()), LongStream.of(d - turned))
                .filter(extent -> extent > 0)
                .toArray();
        List<Value> parts = new ArrayList<>(HostOps.split(tape, x, 2, extents));
        for (int i = 0; i < by.size(); i++) {
            parts.set(i, Rotary.record(tape, parts.get(i), by.get(i), table, interleaved));
        }
        return HostOps.concat(tape, 2, parts);
    }

    private Value mlp(Value x, String prefix, int neurons) {
        Value hidden = opaque(hidden(x, prefix, neurons), Option.OPAQUE_NEURONS); // [T, I]
        return linear(hidden, prefix + "down", sizes.channels());
    }

    private Value hidden(Value x, String prefix, int neurons) {
        if (style.gate() == Gate.NONE) {
            return Activation.record(tape, ActivationFunction.GELU_TANH, linear(x, prefix + "up", neurons));
        }
        List<Value> both = switch (style.gate()) {
            case SEPARATE -> List.of(linear(x, prefix + "gate", neurons), linear(x, prefix + "up", neurons));
            case SLICED_ROWS -> rows(x, prefix + "gate_up", neurons, neurons);
            case CHUNKED -> HostOps.split(tape, linear(x, prefix + "gate_up", 2L * neurons), 1, neurons, neurons);
            default ->
                HostOps.split(
                        tape, tape.view(linear(x, prefix + "gate_up", 2L * neurons), TOKENS, neurons, 2), 2, 1, 1);
        };
        return SwiGlu.record(tape, tape.view(both.get(0), TOKENS, neurons), tape.view(both.get(1), TOKENS, neurons));
    }

    private Value norm(Value x, String name) {
        long channels = x.shape().dim(1);
        Value w = tape.parameter(name + ".weight", channels);
        boolean centred = style.has(Option.LAYER_NORM);
        Value bias = centred ? tape.parameter(name + ".bias", channels) : null;
        if (kept.containsKey(w.name())) {
            return HostOps.norm(tape, x, w, bias, centred, kept.get(w.name()), EPS);
        }
        return centred ? LayerNorm.record(tape, x, w, bias, EPS) : RmsNorm.record(tape, x, w, EPS);
    }

    private Value linear(Value x, String name, long out) {
        return Linear.record(tape, x, weight(name, out, x.shape().dim(1)), bias(name, out));
    }

    private Value weight(String name, long out, long in) {
        return style.has(Option.TRANSPOSED_WEIGHTS)
                ? HostOps.transpose(tape, tape.parameter(name + ".weight", in, out), 1, 0)
                : tape.parameter(name + ".weight", out, in);
    }

    private Value bias(String name, long out) {
        return style.has(Option.BIASES) ? tape.parameter(name + ".bias", out) : null;
    }

    private Value opaque(Value x, Option where) {
        return style.has(where) ? HostOps.opaque(tape, x) : x;
    }
}
