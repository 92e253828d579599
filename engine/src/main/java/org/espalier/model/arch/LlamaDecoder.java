package org.espalier.model.arch;

import java.util.List;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AttentionForm;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.LlamaConfig.Reach;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.Scale;
import org.espalier.tape.op.SwiGlu;

/**
 * The forward pass of a LLaMA-like model. Shapes: T tokens, C channels, H query heads, G key/value heads, D channels of a
 * head, I neurons, V vocabulary. Relatives say only what they do otherwise.
 */
class LlamaDecoder implements Decoder {

    static final String LAYERS = "model.layers.";
    static final String HEAD = "lm_head";
    static final String EMBEDDING = "model.embed_tokens.weight";

    final LlamaConfig config;
    final Pass pass;
    final Tape tape;
    /** Found once: to look through all layers for each of them would be quadratic. */
    private final List<RotaryConfig> rotations;

    LlamaDecoder(LlamaConfig config, Pass pass) {
        this.config = config;
        this.pass = pass;
        this.tape = pass.tape();
        this.rotations = config.rotations();
    }

    @Override
    public final Value embed() {
        Value embedded = Embedding.record(tape, pass.ids(), table()); // [T, C]
        return times(config.numbers().embedding(), embedded);
    }

    @Override
    public final Value layer(int layer, Value stream) {
        LayerConfig sizes = config.layers().get(layer);
        String prefix = LAYERS + layer + ".";
        double factor = config.numbers().residual();
        Value after = stream;
        if (sizes.heads() > 0) {
            Value x = attentionInput(after, prefix); // [T, C]
            Value attended = attentionOutput(attention(x, prefix, layer), prefix);
            after = Add.branch(tape, Branch.Kind.ATTENTION, after, after, attended, factor);
        }
        if (sizes.intermediate() > 0) {
            Value x = mlpInput(after, prefix); // [T, C]
            Value made = mlpOutput(mlp(x, prefix, sizes), prefix);
            after = Add.branch(tape, Branch.Kind.MLP, after, after, made, factor);
        }
        return after;
    }

    @Override
    public final Value finish(Value stream) {
        return norm(stream, "model.norm");
    }

    @Override
    public final Value logits(Value finished) {
        Value weight = config.tied() ? table() : tape.parameter(HEAD + ".weight", config.vocab(), config.hidden());
        double cap = config.numbers().logitCap();
        double factor = 1 / config.numbers().logits();
        if (cap == 0) {
            return Linear.record(tape, times(factor, finished), weight, null); // [T, V]
        }
        Value part = Linear.record(tape, times(factor / cap, finished), weight, null); // [T, V]
        return times(cap, Activation.record(tape, ActivationFunction.TANH, part));
    }

    private Value times(double factor, Value x) {
        return factor == 1 ? x : Scale.record(tape, x, factor);
    }

    /** A normalisation of the rows of {@code x [n, channels]}. */
    Value norm(Value x, String name) {
        return pass.rmsNorm(x, name, config.eps());
    }

    /** What attention reads of the stream. */
    Value attentionInput(Value stream, String prefix) {
        return norm(stream, prefix + "input_layernorm");
    }

    /** What is added to the stream of what attention gives. */
    Value attentionOutput(Value attended, String prefix) {
        return attended;
    }

    /** What the MLP reads of the stream. */
    Value mlpInput(Value stream, String prefix) {
        return norm(stream, prefix + "post_attention_layernorm");
    }

    /** What is added to the stream of what the MLP gives. */
    Value mlpOutput(Value made, String prefix) {
        return made;
    }

    private Value table() {
        return tape.parameter(EMBEDDING, config.vocab(), config.hidden());
    }

    private Value attention(Value x, String prefix, int layer) {
        LayerConfig sizes = config.layers().get(layer);
        Reach reach = config.reach().get(layer);
        String block = prefix + "self_attn.";
        List<Value> projected = projections(x, block, sizes);
        Value query = rotate(heads(projected.get(0), sizes.heads()), block + "q_norm", reach); // [T, H, D]
        Value key = rotate(heads(projected.get(1), sizes.kvHeads()), block + "k_norm", reach); // [T, G, D]
        Value value = heads(projected.get(2), sizes.kvHeads()); // [T, G, D]
        Value out = Attention.record(
                tape,
                query,
                pass.cached(key, prefix + "keys"),
                pass.cached(value, prefix + "values"),
                null,
                new AttentionForm(config.numbers().scores(), config.numbers().scoreCap(), reach.window())); // [T, H, D]
        Value joined = tape.view(out, pass.tokens(), (long) sizes.heads() * config.headDim());
        return pass.project(
                joined, block + "o_proj", config.hidden(), config.biases().output());
    }

    /** Queries {@code [T, H · D]}, keys and values {@code [T, G · D]}. */
    List<Value> projections(Value x, String block, LayerConfig sizes) {
        long queries = (long) sizes.heads() * config.headDim();
        long keys = (long) sizes.kvHeads() * config.headDim();
        return List.of(
                pass.project(x, block + "q_proj", queries, config.biases().attention()),
                pass.project(x, block + "k_proj", keys, config.biases().attention()),
                pass.project(x, block + "v_proj", keys, config.biases().attention()));
    }

    /**
     * Queries or keys before they are rotated: as they are, unless a relative normalises them.
     *
     * @param heads {@code [T, heads, D]}
     * @param name  of the normalisation
     */
    Value normalised(Value heads, String name) {
        return heads;
    }

    /** Each of the heads {@code [T, heads, D]} normalised by itself. */
    final Value eachNormalised(Value heads, String name) {
        long rows = heads.shape().dim(0) * heads.shape().dim(1);
        Value flat = tape.view(heads, rows, heads.shape().dim(2)); // [T · heads, D]
        return tape.view(norm(flat, name), heads.shape().toArray());
    }

    private Value heads(Value x, int heads) {
        return tape.view(x, pass.tokens(), heads, config.headDim());
    }

    private Value rotate(Value heads, String norm, Reach reach) {
        Value normed = normalised(heads, norm);
        if (reach.rotary() == null) {
            return normed;
        }
        String name = tableName(rotations.indexOf(reach.rotary()));
        int rows = Math.multiplyExact(reach.rotary().rowsForEach(), pass.places());
        Value table = tape.constant(name, rows, 2, config.headDim() / 2);
        boolean switches = reach.rotary().switchesBeyond().isPresent();
        return Rotary.record(tape, normed, switches ? pass.turns() : pass.positions(), table, false);
    }

    /** Of cosines and sines {@code [positions, 2, D / 2]}, one table for each of the model's rotations. */
    static String tableName(int rotation) {
        return rotation == 0 ? "rotary table" : "rotary table " + rotation;
    }

    /** What the MLP of a layer gives, {@code [T, C]}. */
    Value mlp(Value x, String prefix, LayerConfig sizes) {
        String block = prefix + "mlp.";
        List<Value> both = gateAndUp(x, block, sizes.intermediate());
        Value gated = gated(both.get(0), both.get(1)); // [T, I]
        return pass.project(
                gated, block + "down_proj", config.hidden(), config.biases().mlp());
    }

    /** What a gate lets through, {@code [T, I]} all. */
    Value gated(Value gate, Value up) {
        return SwiGlu.record(tape, gate, up);
    }

    /** The gate and what it gates, each {@code [T, I]}. */
    List<Value> gateAndUp(Value x, String block, int neurons) {
        return List.of(
                pass.project(x, block + "gate_proj", neurons, config.biases().mlp()),
                pass.project(x, block + "up_proj", neurons, config.biases().mlp()));
    }
}
