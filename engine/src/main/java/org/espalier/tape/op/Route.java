package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Coupling.Use;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Gives each token to the k experts of its largest logits, with factors that are the softmax of its logits, over the chosen
 * alone if {@code normalised}. The rows are sorted on the host, which has to know of each expert how many there are.
 *
 * @param logits     {@code [tokens, experts]}
 * @param normalised whether the factors of a token sum up to 1
 * @param chosen     {@code [tokens, k]}: the experts of each token
 * @param routing    the rows that follow from it
 */
public record Route(Value logits, boolean normalised, Value chosen, Routing routing) implements Op {

    public Route {
        long tokens = logits.shape().dim(0);
        long k = routing.perToken();
        Operands.require(
                logits.shape().rank() == 2
                        && k >= 1
                        && k <= logits.shape().dim(1)
                        && Operands.has(chosen, tokens, k)
                        && Operands.has(routing.factors(), tokens, k)
                        && Operands.has(routing.sorted(), tokens * k)
                        && Operands.has(routing.places(), tokens * k)
                        && Operands.has(routing.starts(), logits.shape().dim(1) + 1),
                "route",
                logits,
                chosen,
                routing.factors(),
                routing.sorted(),
                routing.places(),
                routing.starts());
    }

    /** Records which experts each token is given to. */
    public static Routing record(Tape tape, Value logits, long k, boolean normalised) {
        long tokens = logits.shape().dim(0);
        Routing routing = new Routing(
                tape.activation("factors", Element.REAL, tokens, k),
                tape.activation("sorted rows", Element.INDEX, tokens * k),
                tape.activation("places of rows", Element.INDEX, tokens * k),
                tape.activation(
                        "starts of experts", Element.INDEX, logits.shape().dim(1) + 1));
        Value chosen = tape.activation("chosen experts", Element.INDEX, tokens, k);
        tape.record(new Route(logits, normalised, chosen, routing));
        return routing;
    }

    @Override
    public String kind() {
        return "route";
    }

    @Override
    public List<Value> inputs() {
        return List.of(logits);
    }

    @Override
    public List<Value> outputs() {
        return List.of(chosen, routing.factors(), routing.sorted(), routing.places(), routing.starts());
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(logits, chosen, routing.factors());
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .route(step.queue(), step.value(logits), normalised, step.value(chosen), step.value(routing.factors()));
        int[] experts = HostCopy.readInts(step.backend(), step.queue(), step.value(chosen));
        int[] starts = starts(experts);
        int[] next = starts.clone();
        int[] sorted = new int[experts.length];
        int[] places = new int[experts.length];
        for (int row = 0; row < experts.length; row++) {
            places[row] = next[experts[row]]++;
            sorted[places[row]] = row;
        }
        HostCopy.writeInts(step.backend(), step.queue(), sorted, step.value(routing.sorted()));
        HostCopy.writeInts(step.backend(), step.queue(), places, step.value(routing.places()));
        HostCopy.writeInts(step.backend(), step.queue(), starts, step.value(routing.starts()));
    }

    private int[] starts(int[] experts) {
        int[] starts = new int[Math.toIntExact(routing.experts() + 1)];
        for (int expert : experts) {
            starts[expert + 1]++;
        }
        for (int e = 1; e < starts.length; e++) {
            starts[e] += starts[e - 1];
        }
        return starts;
    }

    @Override
    public void backward(Step step) {
        Target toLogits = step.target(logits);
        if (toLogits == null) {
            return;
        }
        step.backend()
                .routeBackward(
                        step.queue(),
                        step.value(logits),
                        normalised,
                        step.value(chosen),
                        step.value(routing.factors()),
                        step.gradient(routing.factors()),
                        toLogits);
    }

    @Override
    public long flops() {
        return 5 * logits.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Route(replacement.apply(logits), normalised, replacement.apply(chosen), routing.with(replacement));
    }

    @Override
    public void couple(Coupling c) {
        for (Value rows : List.of(logits, chosen, routing.factors(), routing.sorted(), routing.places())) {
            c.freeze(c.axis(rows, 0), "tokens");
        }
        c.freeze(c.axis(chosen, 1), "experts of a token");
        c.freeze(c.axis(routing.factors(), 1), "experts of a token");
        Coupling.Axis end = c.fresh(1);
        c.freeze(end, "the end of all rows");
        Coupling.Axis experts = c.axis(logits, 1);
        c.same(c.axis(routing.starts(), 0), c.sum(experts, end));
        c.use(experts, Use.EXPERTS);
        c.keepAtLeast(experts, routing.perToken());
    }
}
