package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.DistillationOps;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * What each token's prediction costs against a teacher's: {@code share KL(teacher‖own) − (1 − share) log own[target]}. A
 * backward walk begins here, as at {@link CrossEntropy}; the teacher gets no gradient.
 *
 * @param logits        {@code [tokens, vocab]}
 * @param teacher       the teacher's logits, {@code [tokens, vocab]}
 * @param targets       {@code [tokens]}
 * @param share         what the divergence counts, from 0 to 1
 * @param loss          {@code [tokens]}
 * @param logSum        {@code [tokens]}
 * @param teacherLogSum {@code [tokens]}
 */
public record Distillation(
        Value logits, Value teacher, Value targets, double share, Value loss, Value logSum, Value teacherLogSum)
        implements Op {

    public Distillation {
        Operands.require(
                logits.shape().rank() == 2
                        && teacher.shape().equals(logits.shape())
                        && Operands.has(targets, logits.shape().dim(0))
                        && loss.shape().equals(targets.shape())
                        && logSum.shape().equals(targets.shape())
                        && teacherLogSum.shape().equals(targets.shape()),
                "distillation",
                logits,
                teacher,
                targets,
                loss,
                logSum,
                teacherLogSum);
        Operands.requireApart("distillation", logits, teacher);
    }

    /** Records the loss of every token. */
    public static Value record(Tape tape, Value logits, Value teacher, Value targets, double share) {
        long tokens = logits.shape().dim(0);
        Value loss = tape.activation("loss", Element.REAL, tokens);
        Value logSum = tape.activation("log-sum", Element.REAL, tokens);
        Value teacherLogSum = tape.activation("teacher's log-sum", Element.REAL, tokens);
        tape.record(new Distillation(logits, teacher, targets, share, loss, logSum, teacherLogSum));
        return loss;
    }

    @Override
    public String kind() {
        return "distillation";
    }

    @Override
    public List<Value> inputs() {
        return List.of(logits, teacher, targets);
    }

    @Override
    public List<Value> outputs() {
        return List.of(loss, logSum, teacherLogSum);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(logits, teacher, targets, logSum, teacherLogSum);
    }

    @Override
    public void forward(Step step) {
        step.backend().distillation(step.queue(), taught(step), step.value(loss));
    }

    private DistillationOps.Taught taught(Step step) {
        return new DistillationOps.Taught(
                step.value(logits),
                step.value(teacher),
                step.value(targets),
                share,
                step.value(logSum),
                step.value(teacherLogSum));
    }

    @Override
    public void backward(Step step) {
        if (step.target(teacher) != null) {
            throw new IllegalStateException("a teacher does not learn: " + teacher);
        }
        Target toLogits = step.target(logits);
        if (toLogits == null) {
            return;
        }
        if (toLogits.beta() != 0) {
            throw new IllegalStateException("logits have a second use beside the loss: " + logits);
        }
        step.backend().distillationBackward(step.queue(), taught(step), step.lossWeight(), toLogits.tensor());
    }

    @Override
    public boolean seedsGradient() {
        return true;
    }

    @Override
    public long flops() {
        return 10 * logits.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Distillation(
                replacement.apply(logits),
                replacement.apply(teacher),
                replacement.apply(targets),
                share,
                replacement.apply(loss),
                replacement.apply(logSum),
                replacement.apply(teacherLogSum));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(logits, 0), "tokens");
        c.same(c.axis(logits, 1), c.vocabulary(logits.shape().dim(1)));
        c.same(c.axis(logits, 0), c.axis(teacher, 0));
        c.same(c.axis(logits, 1), c.axis(teacher, 1));
        c.same(c.axis(logits, 0), c.axis(loss, 0));
        c.same(c.axis(logits, 0), c.axis(logSum, 0));
        c.same(c.axis(logits, 0), c.axis(teacherLogSum, 0));
    }
}
