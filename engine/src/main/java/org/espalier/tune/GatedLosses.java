package org.espalier.tune;

import java.util.List;
import java.util.stream.IntStream;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Element;
import org.espalier.tape.Executor;
import org.espalier.tape.Op;
import org.espalier.tape.Rewriting;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Multiply;

/** Losses of a model whose units are multiplied by {@link Gate}s where matrices read them. */
final class GatedLosses implements Losses {

    private static final String COLUMNS = "units of columns ";
    private static final String ROWS = "gates of rows ";

    private final Losses plain;
    private final String owner;
    private final List<Gate> gates;

    /** @param owner what the names of the gates' numbers begin with */
    GatedLosses(Losses plain, String owner, List<Gate> gates) {
        this.plain = plain;
        this.owner = owner;
        this.gates = List.copyOf(gates);
    }

    @Override
    public Recording record(Packed batch) {
        Recording whole = plain.record(batch);
        Rewriting rewriting = new Rewriting(Rewriting.Shapes.SAME);
        for (Segment segment : whole.tape().segments()) {
            rewriting.segment(segment);
            segment.ops().forEach(op -> record(op, rewriting));
        }
        whole.tape().results().forEach(result -> rewriting.tape().result(rewriting.value(result)));
        return whole.on(rewriting.tape(), rewriting::value);
    }

    private void record(Op op, Rewriting rewriting) {
        if (!(op instanceof Linear linear)) {
            rewriting.record(op);
            return;
        }
        Tape tape = rewriting.tape();
        Value x = rewriting.value(linear.x());
        for (Gate gate : gates) {
            if (gate.readers().containsKey(linear.w().name())) {
                x = Multiply.record(tape, x, factors(tape, gate, linear.w().name(), x));
            }
        }
        Value gated = x;
        tape.record(linear.with(operand -> operand == linear.x() ? gated : rewriting.value(operand)));
    }

    /** A gate's numbers as factors of what a matrix reads, {@code [tokens, in]}: two look-ups, since a look-up sums gradients. */
    private Value factors(Tape tape, Gate gate, String reader, Value x) {
        long tokens = x.shape().dim(0);
        long in = x.shape().dim(1);
        Value numbers = tape.parameter(owner + gate.name(), gate.units(), 1);
        Value columns = tape.input(COLUMNS + gate.name() + " of " + reader, Element.INDEX, in);
        Value row = tape.view(Embedding.record(tape, columns, numbers), 1, in);
        return Embedding.record(tape, tape.input(ROWS + tokens, Element.INDEX, tokens), row);
    }

    @Override
    public void feed(Executor executor, Recording recording, Packed batch) {
        plain.feed(executor, recording, batch);
        for (Gate gate : gates) {
            gate.readers()
                    .forEach((reader, units) ->
                            executor.set(recording.tape().leaf(COLUMNS + gate.name() + " of " + reader), units));
        }
        for (Value input : recording.tape().leaves(Value.Role.INPUT)) {
            if (input.name().startsWith(ROWS)) {
                executor.set(
                        input,
                        IntStream.range(0, input.shape().extent(0)).map(_ -> 0).toArray());
            }
        }
    }
}
