package org.espalier.model.arch;

import java.util.List;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Rotary;
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
    /** Cosines and sines, {@code [positions, 2, D / 2]}. */
    private final Value rotary;

    LlamaDecoder(LlamaConfig config, Pass pass) {
        this.config = config;
        this.pass = pass;
        this.tape = pass.tape();
        this.rotary = tape.constant("rotary table", pass.places(), 2, config.headDim() / 2);
    }

    @Override
    public final Value embed() {
        return Embedding.record(tape, pass.ids(), table()); // [T, C]
    }

    @Override
    public final Value layer(int layer, Value stream) {
        LayerConfig sizes = config.layers().get(layer);
        String prefix = LAYERS + layer + ".";
        Value after = stream;
        if (sizes.heads() > 0) {
            Value attended = attention(after, prefix, sizes);
            after = Add.branch(tape, Branch.Kind.ATTENTION, after, after, attended, 1);
        }
        if (sizes.intermediate() > 0) {
            Value made = mlp(after, prefix, sizes.intermediate());
            after = Add.branch(tape, Branch.Kind.MLP, after, after, made, 1);
        }
        return after;
    }

    @Override
    public final Value finish(Value stream) {
        return pass.rmsNorm(stream, "model.norm", config.eps());
    }

    @Override
    public final Value logits(Value finished) {
        Value weight = config.tied() ? table() : tape.parameter(HEAD + ".weight", config.vocab(), config.hidden());
        return Linear.record(tape, finished, weight, null); // [T, V]
    }

    private Value table() {
        return tape.parameter(EMBEDDING, config.vocab(), config.hidden());
    }

    private Value attention(Value stream, String prefix, LayerConfig sizes) {
        String block = prefix + "self_attn.";
        Value x = pass.rmsNorm(stream, prefix + "input_layernorm", config.eps()); // [T, C]
        List<Value> projected = projections(x, block, sizes);
        Value query = rotate(heads(projected.get(0), sizes.heads()), block + "q_norm"); // [T, H, D]
        Value key = rotate(heads(projected.get(1), sizes.kvHeads()), block + "k_norm"); // [T, G, D]
        Value value = heads(projected.get(2), sizes.kvHeads()); // [T, G, D]
        Value out = Attention.record(
                tape,
                query,
                pass.cached(key, prefix + "keys"),
                pass.cached(value, prefix + "values"),
                1 / Math.sqrt(config.headDim())); // [T, H, D]
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

    private Value heads(Value x, int heads) {
        return tape.view(x, pass.tokens(), heads, config.headDim());
    }

    private Value rotate(Value heads, String norm) {
        return Rotary.record(tape, normalised(heads, norm), pass.positions(), rotary, false);
    }

    private Value mlp(Value stream, String prefix, int neurons) {
        String block = prefix + "mlp.";
        Value x = pass.rmsNorm(stream, prefix + "post_attention_layernorm", config.eps()); // [T, C]
        List<Value> both = gateAndUp(x, block, neurons);
        Value gated = SwiGlu.record(tape, both.get(0), both.get(1)); // [T, I]
        return pass.project(
                gated, block + "down_proj", config.hidden(), config.biases().mlp());
    }

    /** The gate and what it gates, each {@code [T, I]}. */
    List<Value> gateAndUp(Value x, String block, int neurons) {
        return List.of(
                pass.project(x, block + "gate_proj", neurons, config.biases().mlp()),
                pass.project(x, block + "up_proj", neurons, config.biases().mlp()));
    }
}
