package org.espalier.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Dropout;
import org.espalier.tape.op.ExpertLinear;
import org.espalier.tape.op.LayerNorm;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Multiply;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tape.op.Routing;
import org.espalier.tape.op.ScatterRows;

/**
 * A pass that is being recorded: its tape and inputs, and the steps that all families share. Parameters carry the names of
 * the checkpoint.
 */
public final class Pass {

    /** Name of the input of token ids. */
    static final String IDS = "ids";
    /** Name of the input of positions. */
    static final String POSITIONS = "positions";
    /** Name of the input of both positions of tokens whose prompts are read as a whole. */
    static final String PLANE = "positions in prompt and answer";
    /** Name of the input of rows in a rotary table that has two for each position. */
    static final String TURNS = "rotary rows";

    /** Name of the constant {@code [T, 1]} of ones. */
    static final String ONES = "ones";
    /** Follows a projection's name in that of the constant {@code [out]} of the inverse lengths of its rows. */
    static final String INVERSE_LENGTHS = " inverse lengths";

    private final Tape tape;
    private final int tokens;
    private final int capacity;
    private final LoraConfig lora;
    private final Value ids;
    private final Value positions;
    private final Value rows;
    private final Map<Value, Value> thinned = new HashMap<>();
    private Value plane;
    private Value turns;

    /**
     * @param capacity rows of the key/value cache, or 0 for none
     * @param lora     adapters beside projections, or null
     */
    Pass(int tokens, int capacity, LoraConfig lora) {
        this(new Tape(), tokens, capacity, lora);
    }

    /** As above, on a tape that may have another pass already. */
    Pass(Tape tape, int tokens, int capacity, LoraConfig lora) {
        this.tape = tape;
        this.tokens = tokens;
        this.capacity = capacity;
        this.lora = lora;
        this.ids = tape.input(IDS, Element.INDEX, tokens);
        this.positions = tape.input(POSITIONS, Element.INDEX, tokens);
        this.rows = capacity > 0 ? tape.input("cache rows", Element.INDEX, tokens) : null;
    }

    /** What steps are recorded on; a family adds operations of its own to it. */
    public Tape tape() {
        return tape;
    }

    /** Tokens of all sequences together, T in the shapes below. */
    public int tokens() {
        return tokens;
    }

    /** Input {@code [T]}: token ids. */
    public Value ids() {
        return ids;
    }

    /** Input {@code [T]}: the position of each token in its sequence. */
    public Value positions() {
        return positions;
    }

    /** Input {@code [T, 2]}: the positions of each token as {@link Opening} has them, below {@link #places()} + 1. */
    public Value plane() {
        if (plane == null) {
            plane = tape.input(PLANE, Element.INDEX, tokens, Opening.PLANE);
        }
        return plane;
    }

    /** Input {@code [T]}: the row of each token in a table with two rows for each position ({@link RotaryConfig#table}). */
    public Value turns() {
        if (turns == null) {
            turns = tape.input(TURNS, Element.INDEX, tokens);
        }
        return turns;
    }

    /** Input {@code [T]}: where keys and values go in the cache; null without one. */
    Value rows() {
        return rows;
    }

    /** Positions that tables of them need, one row each. */
    public int places() {
        return capacity > 0 ? capacity : tokens;
    }

    /** Root-mean-square normalisation of the last axis of {@code x [n, channels]} by {@code name.weight}. */
    public Value rmsNorm(Value x, String name, double eps) {
        return RmsNorm.record(
                tape, x, tape.parameter(name + ".weight", x.shape().dim(1)), eps);
    }

    /** Layer normalisation of the last axis of {@code x [n, channels]} by {@code name.weight} and {@code name.bias}. */
    public Value layerNorm(Value x, String name, double eps) {
        long channels = x.shape().dim(1);
        return LayerNorm.record(
                tape, x, tape.parameter(name + ".weight", channels), tape.parameter(name + ".bias", channels), eps);
    }

    /**
     * {@code x wᵀ} by {@code name.weight [out, in]}, with the adapter that stands beside it.
     *
     * @param x      {@code [T, in]}
     * @param biased whether {@code name.bias [out]} is added
     */
    public Value project(Value x, String name, long out, boolean biased) {
        Value weight = tape.parameter(name + ".weight", out, x.shape().dim(1));
        Value bias = biased ? tape.parameter(name + ".bias", out) : null;
        if (lora == null || !lora.adapts(name)) {
            return Linear.record(tape, x, weight, bias);
        }
        return lora.decomposed()
                ? decomposed(x, name, weight, bias)
                : adapted(Linear.record(tape, x, weight, bias), thin(x), name);
    }

    /**
     * As {@link #project} with a weight for each expert, of which each is used for that expert's rows alone.
     *
     * @param x     {@code [T · k, in]}, sorted by expert
     * @param names of the projection in every expert
     * @throws Failure if adapters stand beside some of them only, or are of a kind that there is not for experts
     */
    public Value projectExperts(Value x, Routing routing, List<String> names, long out) {
        Value y = ExpertLinear.record(
                tape, x, matrices(names, ".weight", out, x.shape().dim(1)), routing);
        long adapted =
                names.stream().filter(name -> lora != null && lora.adapts(name)).count();
        if (adapted == 0) {
            return y;
        }
        if (adapted < names.size() || lora.decomposed()) {
            throw new Failure(
                    "beside experts there are "
                            + (lora.decomposed() ? "no adapters with lengths of rows" : "adapters for all or for none"),
                    names.getFirst(),
                    "leave the projections of experts out of --targets");
        }
        Value thin = thin(x);
        Value low = ExpertLinear.record(
                tape,
                thin,
                matrices(names, ".lora_A.weight", lora.rank(), x.shape().dim(1)),
                routing); // [T · k, rank]
        Value added = ExpertLinear.record(tape, low, matrices(names, ".lora_B.weight", out, lora.rank()), routing);
        return Add.record(tape, y, added, lora.scale());
    }

    private List<Value> matrices(List<String> names, String suffix, long out, long in) {
        return names.stream()
                .map(name -> tape.parameter(name + suffix, out, in))
                .toList();
    }

    /** What a projection's adapter makes of {@code x}, added to {@code y [T, out]}. */
    private Value adapted(Value y, Value x, String name) {
        Value a = tape.parameter(name + ".lora_A.weight", lora.rank(), x.shape().dim(1));
        Value b = tape.parameter(name + ".lora_B.weight", y.shape().dim(1), lora.rank());
        Value low = Linear.record(tape, x, a, null); // [T, rank]
        return Add.record(tape, y, Linear.record(tape, low, b, null), lora.scale());
    }

    /**
     * With rows of the weight and the adapter in it that have their own lengths. Their lengths before are a constant here, as they
     * are in PEFT's gradient; where something is dropped, it is dropped from what the adapter changes, as there.
     */
    private Value decomposed(Value x, String name, Value weight, Value bias) {
        long out = weight.shape().dim(0);
        Value length = tape.parameter(name + ".lora_magnitude_vector", out);
        Value before = tape.constant(name + INVERSE_LENGTHS, out);
        Value thin = thin(x);
        Value plain = Linear.record(tape, thin, weight, null); // [T, out]
        Value gain = spread(Multiply.record(tape, length, before), x.shape().dim(0));
        Value y = Multiply.record(tape, adapted(plain, thin, name), gain);
        if (lora.dropout() > 0) {
            return Add.record(tape, Add.record(tape, Linear.record(tape, x, weight, bias), y, 1), plain, -1);
        }
        return bias == null ? y : Add.record(tape, y, spread(bias, x.shape().dim(0)), 1);
    }

    /** A vector {@code [out]} as every one of so many rows. */
    private Value spread(Value vector, long count) {
        Value column = tape.view(vector, vector.shape().dim(0), 1);
        return Linear.record(tape, tape.constant(ONES, count, 1), column, null);
    }

    /** An adapter's input. Projections that read the same values share it. */
    private Value thin(Value x) {
        if (lora.dropout() == 0) {
            return x;
        }
        return thinned.computeIfAbsent(x, v -> Dropout.record(tape, v, lora.dropout(), thinned.size()));
    }

    /**
     * Keys or values of all tokens that may be looked at: the new ones themselves, or the whole cache with the new ones in
     * it.
     *
     * @param fresh {@code [T, G, D]}
     * @param name  of the cache, one for each layer and kind
     */
    public Value cached(Value fresh, String name) {
        if (capacity == 0) {
            return fresh;
        }
        Value state =
                tape.state(name, capacity, fresh.shape().dim(1), fresh.shape().dim(2));
        ScatterRows.record(tape, fresh, rows, state);
        return state;
    }
}
