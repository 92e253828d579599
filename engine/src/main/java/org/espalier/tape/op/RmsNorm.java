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
 * Root-mean-square normalisation.
 *
 * @param x    {@code [tokens, channels]}
 * @param w    {@code [channels]}
 * @param y    {@code [tokens, channels]}
 * @param rstd {@code [tokens]}
 * @param eps  added to the mean square
 */
public record RmsNorm(Value x, Value w, Value y, Value rstd, double eps) implements Normalisation {

    public RmsNorm {
        Operands.require(
                x.shape().rank() == 2
                        && Operands.has(w, x.shape().dim(1))
                        && y.shape().equals(x.shape())
                        && Operands.has(rstd, x.shape().dim(0)),
                "rmsNorm",
                x,
                w,
                y,
                rstd);
    }

    /** Records the normalisation of every row. */
    public static Value record(Tape tape, Value x, Value w, double eps) {
        Value y = tape.activation(w.name() + " output", Element.REAL, x.shape().toArray());
        Value rstd = tape.activation(w.name() + " rstd", Element.REAL, x.shape().dim(0));
        tape.record(new RmsNorm(x, w, y, rstd, eps));
        return y;
    }

    @Override
    public String kind() {
        return "rmsNorm";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, w);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y, rstd);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(x, w, rstd);
    }

    @Override
    public void forward(Step step) {
        step.backend().rmsNorm(step.queue(), step.value(x), step.value(w), eps, step.value(y), step.value(rstd));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        Target toW = step.target(w);
        if (toX == null && toW == null) {
            return;
        }
        step.backend()
                .rmsNormBackward(
                        step.queue(), step.value(x), step.value(w), step.value(rstd), step.gradient(y), toX, toW);
    }

    @Override
    public long flops() {
        return 4 * x.shape().elements();
    }

    @Override
    public List<WeightUse> weights() {
        return WeightUse.scale(w, y, null);
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new RmsNorm(
                replacement.apply(x), replacement.apply(w), replacement.apply(y), replacement.apply(rstd), eps);
    }

    @Override
    public void couple(Coupling c) {
        c.same(c.axis(x, 0), c.axis(y, 0));
        c.same(c.axis(x, 0), c.axis(rstd, 0));
        c.same(c.axis(x, 1), c.axis(y, 1));
        c.same(c.axis(x, 1), c.axis(w, 0));
        c.use(c.axis(x, 1), Coupling.Use.NORMALISED);
    }
}
