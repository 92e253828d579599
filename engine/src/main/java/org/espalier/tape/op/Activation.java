package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * {@code y = f(x)}, number by number. A gated layer of any activation is this and a {@link Multiply}.
 *
 * @param function {@code f}
 * @param x        any shape
 * @param y        the same shape
 */
public record Activation(ActivationFunction function, Value x, Value y) implements Op {

    public Activation {
        Operands.require(y.shape().equals(x.shape()), "activation", x, y);
    }

    /** Records the function of every number. */
    public static Value record(Tape tape, ActivationFunction function, Value x) {
        Value y = tape.activation("activated", Element.REAL, x.shape().toArray());
        tape.record(new Activation(function, x, y));
        return y;
    }

    @Override
    public String kind() {
        return "activation";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(x);
    }

    @Override
    public void forward(Step step) {
        step.backend().activation(step.queue(), function, step.value(x), step.value(y));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX != null) {
            step.backend().activationBackward(step.queue(), function, step.value(x), step.gradient(y), toX);
        }
    }

    /** An exponential, hyperbolic tangent or error function counts one. */
    @Override
    public long flops() {
        return x.shape().elements()
                * switch (function) {
                    case GELU -> 5;
                    case GELU_TANH -> 8;
                    case SILU -> 4;
                    case RELU -> 1;
                    case TANH -> 1;
                };
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Activation(function, replacement.apply(x), replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        Operands.sameAxes(c, x, y);
    }
}
