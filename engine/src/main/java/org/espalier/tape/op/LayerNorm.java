package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;

/**
 * Layer normalisation.
 *
 * @param x    {@code [tokens, channels]}
 * @param w    {@code [channels]}
 * @param bias {@code [channels]}, or null
 * @param eps  added to the variance
 * @param y    {@code [tokens, channels]}
 * @param mean {@code [tokens]}
 * @param rstd {@code [tokens]}
 */
public record LayerNorm(Value x, Value w, Value bias, double eps, Value y, Value mean, Value rstd) implements Op {

    public LayerNorm {
        Operands.require(
                x.shape().rank() == 2
                        && Operands.has(w, x.shape().dim(1))
                        && (bias == null || Operands.has(bias, x.shape().dim(1)))
                        && y.shape().equals(x.shape())
                        && Operands.has(mean, x.shape().dim(0))
                        && Operands.has(rstd, x.shape().dim(0)),
                "layerNorm",
                x,
                w,
                bias,
                y,
                mean,
                rstd);
        if (bias != null) {
            Operands.requireApart("layerNorm", w, bias);
        }
    }

    /** Records the normalisation of every row; {@code bias} may be null. */
    public static Value record(Tape tape, Value x, Value w, Value bias, double eps) {
        long tokens = x.shape().dim(0);
        Value y = tape.activation(w.name() + " output", Element.REAL, x.shape().toArray());
        Value mean = tape.activation(w.name() + " mean", Element.REAL, tokens);
        Value rstd = tape.activation(w.name() + " rstd", Element.REAL, tokens);
        tape.record(new LayerNorm(x, w, bias, eps, y, mean, rstd));
        return y;
    }

    @Override
    public String kind() {
        return "layerNorm";
    }

    @Override
    public List<Value> inputs() {
        return Operands.present(x, w, bias);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y, mean, rstd);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(x, w, mean, rstd);
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .layerNorm(
                        step.queue(),
                        step.value(x),
                        step.value(w),
                        bias == null ? null : step.value(bias),
                        eps,
                        step.value(y),
                        step.value(mean),
                        step.value(rstd));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        Target toW = step.target(w);
        Target toBias = bias == null ? null : step.target(bias);
        if (toX == null && toW == null && toBias == null) {
            return;
        }
        step.backend()
                .layerNormBackward(
                        step.queue(),
                        step.value(x),
                        step.value(w),
                        step.value(mean),
                        step.value(rstd),
                        step.gradient(y),
                        toX,
                        toW,
                        toBias);
    }

    @Override
    public long flops() {
        return 7 * x.shape().elements();
    }

    @Override
    public List<WeightUse> weights() {
        return WeightUse.scale(w, y, bias);
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new LayerNorm(
                replacement.apply(x),
                replacement.apply(w),
                bias == null ? null : replacement.apply(bias),
                eps,
                replacement.apply(y),
                replacement.apply(mean),
                replacement.apply(rstd));
    }

    @Override
    public void couple(Coupling c) {
        Operands.sameAxes(c, x, y);
        c.same(c.axis(x, 0), c.axis(mean, 0));
        c.same(c.axis(x, 0), c.axis(rstd, 0));
        c.same(c.axis(x, 1), c.axis(w, 0));
        if (bias != null) {
            c.same(c.axis(x, 1), c.axis(bias, 0));
        }
        c.use(c.axis(x, 1), Coupling.Use.NORMALISED);
    }
}
