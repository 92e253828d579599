package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.AttentionForm;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Causal grouped-query attention over the sequences of the run.
 *
 * @param query  {@code [tokens, heads, headDim]}
 * @param key    {@code [rows, kvHeads, headDim]}: as many rows as tokens, or a cache
 * @param value  {@code [rows, kvHeads, valueDim]}
 * @param slopes {@code [heads]}: what each place that a key lies further back takes off a score; or null
 * @param form   what becomes of products, and how far back a query looks
 * @param out    {@code [tokens, heads, valueDim]}
 * @param logSum {@code [tokens, heads]}
 */
public record Attention(Value query, Value key, Value value, Value slopes, AttentionForm form, Value out, Value logSum)
        implements Op {

    public Attention {
        Operands.require(
                query.shape().rank() == 3
                        && key.shape().rank() == 3
                        && value.shape().rank() == 3
                        && query.shape().dim(2) == key.shape().dim(2)
                        && key.shape().dim(0) == value.shape().dim(0)
                        && key.shape().dim(1) == value.shape().dim(1)
                        && query.shape().dim(1) % key.shape().dim(1) == 0
                        && (slopes == null || Operands.has(slopes, query.shape().dim(1)))
                        && Operands.has(
                                out,
                                query.shape().dim(0),
                                query.shape().dim(1),
                                value.shape().dim(2))
                        && Operands.has(
                                logSum, query.shape().dim(0), query.shape().dim(1)),
                "attention",
                query,
                key,
                value,
                slopes,
                out,
                logSum);
        Operands.requireApart("attention", query, key, value);
    }

    /** Records attention over all keys, with products multiplied by {@code scale}. */
    public static Value record(Tape tape, Value query, Value key, Value value, double scale) {
        return record(tape, query, key, value, null, AttentionForm.plain(scale));
    }

    /** Records the attention; {@code slopes} may be null. */
    public static Value record(Tape tape, Value query, Value key, Value value, Value slopes, AttentionForm form) {
        long tokens = query.shape().dim(0);
        long heads = query.shape().dim(1);
        Value out = tape.activation(
                "attended", Element.REAL, tokens, heads, value.shape().dim(2));
        Value logSum = tape.activation("attention log-sum", Element.REAL, tokens, heads);
        tape.record(new Attention(query, key, value, slopes, form, out, logSum));
        return out;
    }

    @Override
    public String kind() {
        return "attention";
    }

    @Override
    public List<Value> inputs() {
        return Operands.present(query, key, value, slopes);
    }

    @Override
    public List<Value> outputs() {
        return List.of(out, logSum);
    }

    @Override
    public List<Value> backwardReads() {
        return Operands.present(query, key, value, slopes, out, logSum);
    }

    @Override
    public void forward(Step step) {
        step.backend().attention(step.queue(), input(step), step.value(out), step.value(logSum));
    }

    private AttentionInput input(Step step) {
        return new AttentionInput(
                step.sequences(),
                form,
                step.value(query),
                step.value(key),
                step.value(value),
                slopes == null ? null : step.value(slopes));
    }

    @Override
    public void backward(Step step) {
        Target toQuery = step.target(query);
        Target toKey = step.target(key);
        Target toValue = step.target(value);
        if (toQuery == null && toKey == null && toValue == null) {
            return;
        }
        step.backend()
                .attentionBackward(
                        step.queue(),
                        input(step),
                        step.value(out),
                        step.value(logSum),
                        step.gradient(out),
                        toQuery,
                        toKey,
                        toValue);
    }

    /** The full square of scores, as is customary; causal masking does about half of it. */
    @Override
    public long flops() {
        return 2
                * query.shape().dim(0)
                * key.shape().dim(0)
                * query.shape().dim(1)
                * (query.shape().dim(2) + value.shape().dim(2));
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Attention(
                replacement.apply(query),
                replacement.apply(key),
                replacement.apply(value),
                slopes == null ? null : replacement.apply(slopes),
                form,
                replacement.apply(out),
                replacement.apply(logSum));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(query, 0), "tokens");
        c.freeze(c.axis(key, 0), "tokens");
        c.freeze(c.axis(value, 0), "tokens");
        c.same(c.axis(query, 0), c.axis(out, 0));
        Coupling.Axis queriesPerHead =
                c.fresh(query.shape().dim(1) / key.shape().dim(1));
        c.same(c.axis(key, 1), c.axis(value, 1));
        c.same(c.axis(query, 1), c.product(c.axis(key, 1), queriesPerHead));
        c.same(c.axis(out, 1), c.axis(query, 1));
        if (slopes != null) {
            c.same(c.axis(slopes, 0), c.axis(query, 1));
        }
        c.same(c.axis(query, 0), c.axis(logSum, 0));
        c.same(c.axis(query, 1), c.axis(logSum, 1));
        c.same(c.axis(query, 2), c.axis(key, 2));
        c.same(c.axis(out, 2), c.axis(value, 2));
        c.use(c.axis(key, 1), Coupling.Use.HEADS);
        c.use(queriesPerHead, Coupling.Use.QUERIES_PER_HEAD);
        c.use(c.axis(key, 2), Coupling.Use.CONTRACTED);
        c.use(c.axis(value, 2), Coupling.Use.VALUE);
    }
}
