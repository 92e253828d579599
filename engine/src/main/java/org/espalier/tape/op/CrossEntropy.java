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

/**
 * Negative log-likelihood of each token's target. It is where a backward walk begins: the total that is differentiated is
 * the run's loss weight times the sum of {@code loss}.
 *
 * @param logits  {@code [tokens, vocab]}
 * @param targets {@code [tokens]}
 * @param loss    {@code [tokens]}
 * @param logSum  {@code [tokens]}
 */
public record CrossEntropy(Value logits, Value targets, Value loss, Value logSum) implements Op {

    public CrossEntropy {
        Operands.require(
                logits.shape().rank() == 2
                        && Operands.has(targets, logits.shape().dim(0))
                        && loss.shape().equals(targets.shape())
                        && logSum.shape().equals(targets.shape()),
                "crossEntropy",
                logits,
                targets,
                loss,
                logSum);
    }

    /** Records the loss of every token. */
    public static Value record(Tape tape, Value logits, Value targets) {
        long tokens = logits.shape().dim(0);
        Value loss = tape.activation("loss", Element.REAL, tokens);
        Value logSum = tape.activation("log-sum", Element.REAL, tokens);
        tape.record(new CrossEntropy(logits, targets, loss, logSum));
        return loss;
    }

    @Override
    public String kind() {
        return "crossEntropy";
    }

    @Override
    public List<Value> inputs() {
        return List.of(logits, targets);
    }

    @Override
    public List<Value> outputs() {
        return List.of(loss, logSum);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(logits, targets, logSum);
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .crossEntropy(
                        step.queue(), step.value(logits), step.value(targets), step.value(loss), step.value(logSum));
    }

    @Override
    public void backward(Step step) {
        Target toLogits = step.target(logits);
        if (toLogits == null) {
            return;
        }
        if (toLogits.beta() != 0) {
            throw new IllegalStateException("logits have a second use beside the loss: " + logits);
        }
        step.backend()
                .crossEntropyBackward(
                        step.queue(),
                        step.value(logits),
                        step.value(targets),
                        step.value(logSum),
                        step.lossWeight(),
                        toLogits.tensor());
    }

    @Override
    public boolean seedsGradient() {
        return true;
    }

    @Override
    public long flops() {
        return 4 * logits.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new CrossEntropy(
                replacement.apply(logits),
                replacement.apply(targets),
                replacement.apply(loss),
                replacement.apply(logSum));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(logits, 0), "tokens");
        c.same(c.axis(logits, 1), c.vocabulary(logits.shape().dim(1)));
        c.same(c.axis(logits, 0), c.axis(loss, 0));
        c.same(c.axis(logits, 0), c.axis(logSum, 0));
    }
}
