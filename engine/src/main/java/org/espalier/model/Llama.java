package org.espalier.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.Dropout;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.GatherRows;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.ScatterRows;
import org.espalier.tape.op.SwiGlu;

/**
 * The forward pass of a LLaMA-family model, written once. Parameters carry their Hugging Face names. Shapes are comments on
 * the right: T tokens, C channels, H query heads, G key/value heads, D channels of a head, I neurons, V vocabulary.
 */
public final class Llama {

    /** Rows of logits that are there at once where a loss is computed: bounds memory for large vocabularies. */
    private static final int LOSS_ROWS = 1024;

    /** The parameter that tokens are looked up in. */
    public static final String EMBEDDING = "model.embed_tokens.weight";

    private static final String LAYERS = "model.layers.";

    private final ModelConfig config;
    private final LoraConfig lora;

    public Llama(ModelConfig config) {
        this(config, null);
    }

    /** With adapters beside some projections; {@code lora} may be null. */
    public Llama(ModelConfig config, LoraConfig lora) {
        this.config = config;
        this.lora = lora;
    }

    /**
     * A recorded pass and its ends. What a recording does not have is null.
     *
     * @param tape      the operations
     * @param ids       input {@code [T]}: token ids
     * @param positions input {@code [T]}: position of each token in its sequence
     * @param targets   inputs, together {@code [T]}, or {@code [n]}: the token that should follow each
     * @param rows      input {@code [T]}: where each token's key and value go in the cache
     * @param selected  input {@code [n]}: tokens whose logits or losses are wanted
     * @param logits    result {@code [T, V]}, or {@code [n, V]}
     * @param losses    results, together {@code [T]}, or {@code [n]}
     */
    public record Recording(
            Tape tape,
            Value ids,
            Value positions,
            List<Value> targets,
            Value rows,
            Value selected,
            Value logits,
            List<Value> losses) {}

    /** Logits of every token of packed sequences. */
    public Recording logits(int tokens) {
        Body body = new Body(tokens, 0);
        Value normed = body.finalNorm(body.stream);
        Value logits = body.head(normed);
        body.tape.result(logits);
        return new Recording(body.tape, body.ids, body.positions, List.of(), null, null, logits, List.of());
    }

    /** Losses of every token of packed sequences, for scoring and for training. */
    public Recording loss(int tokens) {
        Body body = new Body(tokens, 0);
        return losses(body, body.finalNorm(body.stream), null);
    }

    /**
     * Losses of {@code counted} of the tokens of packed sequences, which are {@code selected}: where only answers count,
     * no logits of prompts are computed.
     */
    public Recording loss(int tokens, int counted) {
        Body body = new Body(tokens, 0);
        Value chosen = body.tape.input("selected", Element.INDEX, counted);
        Value stream = body.finalNorm(GatherRows.record(body.tape, body.stream, chosen));
        return losses(body, stream, chosen);
    }

    private Recording losses(Body body, Value normed, Value chosen) {
        List<Value> targets = new ArrayList<>();
        List<Value> losses = new ArrayList<>();
        int rows = normed.shape().extent(0);
        for (int from = 0; from < rows; from += LOSS_ROWS) {
            int to = Math.min(rows, from + LOSS_ROWS);
            body.tape.segment("loss of rows " + from + " to " + to);
            Value part = body.tape.input("targets " + from, Element.INDEX, to - from);
            Value loss = CrossEntropy.record(body.tape, body.head(body.tape.slice(normed, from, to)), part);
            body.tape.result(loss);
            targets.add(part);
            losses.add(loss);
        }
        return new Recording(body.tape, body.ids, body.positions, targets, null, chosen, null, losses);
    }

    /** Logits of {@code selected} of the new tokens of a sequence whose keys and values are cached. */
    public Recording cached(int tokens, int selected, int capacity) {
        Body body = new Body(tokens, capacity);
        Value chosen = body.tape.input("selected", Element.INDEX, selected);
        Value logits = body.head(body.finalNorm(GatherRows.record(body.tape, body.stream, chosen)));
        body.tape.result(logits);
        return new Recording(body.tape, body.ids, body.positions, List.of(), body.rows, chosen, logits, List.of());
    }

    /**
     * Half of a layer by itself: its attention or its MLP.
     *
     * @param tape      the operations
     * @param stream    input {@code [T, C]}: the residual stream before it
     * @param positions input {@code [T]}: position of each token in its sequence
     * @param last      its last projection, operands and output of which are results
     */
    public record Half(Tape tape, Value stream, Value positions, Linear last) {}

    /** The attention of a layer that has one. */
    public Half attention(int layer, int tokens) {
        Body body = new Body(tokens);
        return body.half(body.attention(prefix(layer), config.layers().get(layer)));
    }

    /** The MLP of a layer that has one. */
    public Half mlp(int layer, int tokens) {
        Body body = new Body(tokens);
        return body.half(body.mlp(prefix(layer), config.layers().get(layer).intermediate()));
    }

    /** What the names of a layer's parameters begin with. */
    public static String prefix(int layer) {
        return LAYERS + layer + ".";
    }

    /** The layer that a parameter of this name belongs to, or −1. */
    public static int layerOf(String name) {
        return name.startsWith(LAYERS)
                ? Integer.parseInt(name.substring(LAYERS.length(), name.indexOf('.', LAYERS.length())))
                : -1;
    }

    /** A tape of one token, for counting parameters and finding groups. */
    public Tape shape() {
        return loss(1).tape();
    }

    /** The recording of everything up to the last layer. */
    private final class Body {

        final Tape tape = new Tape();
        final int tokens;
        final int capacity;
        final Value ids;
        final Value positions;
        final Value rows;
        final Value table;
        final Map<Value, Value> thinned = new HashMap<>();
        Value stream;

        /** @param capacity rows of the key/value cache, or 0 for none */
        Body(int tokens, int capacity) {
            this.tokens = tokens;
            this.capacity = capacity;
            ids = tape.input("ids", Element.INDEX, tokens);
            positions = tape.input("positions", Element.INDEX, tokens);
            rows = capacity > 0 ? tape.input("cache rows", Element.INDEX, tokens) : null;
            table = rotaryTable();
            tape.segment("embedding");
            stream = Embedding.record(tape, ids, embeddingTable()); // [T, C]
            for (int layer = 0; layer < config.layers().size(); layer++) {
                tape.segment("layer " + layer);
                LayerConfig sizes = config.layers().get(layer);
                String prefix = prefix(layer);
                if (sizes.heads() > 0) {
                    stream = Add.record(tape, stream, attention(prefix, sizes), 1);
                }
                if (sizes.intermediate() > 0) {
                    stream = Add.record(tape, stream, mlp(prefix, sizes.intermediate()), 1);
                }
            }
            tape.segment("head");
        }

        /** A body without layers, whose stream is given. */
        Body(int tokens) {
            this.tokens = tokens;
            capacity = 0;
            ids = null;
            rows = null;
            positions = tape.input("positions", Element.INDEX, tokens);
            table = rotaryTable();
            stream = tape.input("stream", Element.REAL, tokens, config.hidden());
            tape.segment("half of a layer");
        }

        Half half(Value output) {
            Linear last = (Linear) tape.segments().getLast().ops().getLast();
            tape.result(last.x());
            tape.result(output);
            return new Half(tape, stream, positions, last);
        }

        private Value rotaryTable() {
            return tape.constant("rotary table", capacity > 0 ? capacity : tokens, 2, config.headDim() / 2);
        }

        private Value attention(String prefix, LayerConfig sizes) {
            String block = prefix + "self_attn.";
            int dim = config.headDim();
            Value x = norm(stream, prefix + "input_layernorm"); // [T, C]
            Value q = project(x, block + "q_proj", sizes.heads() * dim, config.attentionBias());
            Value k = project(x, block + "k_proj", sizes.kvHeads() * dim, config.attentionBias());
            Value v = project(x, block + "v_proj", sizes.kvHeads() * dim, config.attentionBias());
            Value query = rotate(tape.view(q, tokens, sizes.heads(), dim)); // [T, H, D]
            Value key = cache(rotate(tape.view(k, tokens, sizes.kvHeads(), dim)), prefix + "keys");
            Value value = cache(tape.view(v, tokens, sizes.kvHeads(), dim), prefix + "values"); // [T or cache, G, D]
            double scale = 1 / Math.sqrt(dim);
            Value out = Attention.record(tape, query, key, value, scale); // [T, H, D]
            return project(
                    tape.view(out, tokens, (long) sizes.heads() * dim),
                    block + "o_proj",
                    config.hidden(),
                    config.outputBias());
        }

        private Value mlp(String prefix, int neurons) {
            String block = prefix + "mlp.";
            Value x = norm(stream, prefix + "post_attention_layernorm"); // [T, C]
            Value gate = project(x, block + "gate_proj", neurons, config.mlpBias()); // [T, I]
            Value up = project(x, block + "up_proj", neurons, config.mlpBias()); // [T, I]
            return project(SwiGlu.record(tape, gate, up), block + "down_proj", config.hidden(), config.mlpBias());
        }

        Value finalNorm(Value x) {
            return norm(x, "model.norm");
        }

        Value head(Value x) {
            Value weight = config.tied()
                    ? embeddingTable()
                    : tape.parameter("lm_head.weight", config.vocab(), config.hidden());
            return Linear.record(tape, x, weight, null); // [T, V]
        }

        private Value embeddingTable() {
            return tape.parameter(EMBEDDING, config.vocab(), config.hidden());
        }

        private Value norm(Value x, String name) {
            return RmsNorm.record(tape, x, tape.parameter(name + ".weight", config.hidden()), config.eps());
        }

        private Value project(Value x, String name, long out, boolean biased) {
            Value weight = tape.parameter(name + ".weight", out, x.shape().dim(1));
            Value bias = biased ? tape.parameter(name + ".bias", out) : null;
            Value y = Linear.record(tape, x, weight, bias);
            return lora != null && lora.adapts(name) ? adapt(x, y, name) : y;
        }

        private Value adapt(Value x, Value y, String name) {
            Value a = tape.parameter(
                    name + ".lora_A.weight", lora.rank(), x.shape().dim(1));
            Value b = tape.parameter(name + ".lora_B.weight", y.shape().dim(1), lora.rank());
            Value low = Linear.record(tape, thin(x), a, null); // [T, rank]
            return Add.record(tape, y, Linear.record(tape, low, b, null), (float) lora.scale());
        }

        /** An adapter's input. Projections that read the same values share it. */
        private Value thin(Value x) {
            if (lora.dropout() == 0) {
                return x;
            }
            return thinned.computeIfAbsent(x, v -> Dropout.record(tape, v, lora.dropout(), thinned.size()));
        }

        private Value rotate(Value heads) {
            return Rotary.record(tape, heads, positions, table, false);
        }

        /** The new rows themselves, or the whole cache with the new rows in it. */
        private Value cache(Value fresh, String name) {
            if (capacity == 0) {
                return fresh;
            }
            Value state = tape.state(
                    name, capacity, fresh.shape().dim(1), fresh.shape().dim(2));
            ScatterRows.record(tape, fresh, rows, state);
            return state;
        }
    }
}
