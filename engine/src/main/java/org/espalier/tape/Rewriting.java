package org.espalier.tape;

import java.util.HashMap;
import java.util.Map;
import org.espalier.tensor.Shape;

/**
 * Records operations of one tape on another, with other values in place of some and other shapes if need be: a part of a
 * model by itself, or a model of which units are gone.
 */
public final class Rewriting {

    /** The shapes that values have on the new tape. */
    public interface Shapes {

        /** Every value as it is. */
        Shapes SAME = new Shapes() {
            @Override
            public Shape shape(Value value) {
                return value.shape();
            }

            @Override
            public long first(Value slice, long start) {
                return start;
            }
        };

        /** The new shape of a value. */
        Shape shape(Value value);

        /** Whether a leaf is not there any more. */
        default boolean gone(Value leaf) {
            return false;
        }

        /**
         * Where a slice begins in what it is a slice of.
         *
         * @param slice of entries of the first axis
         * @param start  entry of the first axis at which it begins on the old tape
         */
        long first(Value slice, long start);
    }

    private final Tape tape = new Tape();
    private final Shapes shapes;
    private final Map<Value, Value> values = new HashMap<>();

    /** An empty new tape, whose values will have the shapes that {@code shapes} gives. */
    public Rewriting(Shapes shapes) {
        this.shapes = shapes;
    }

    /** The new tape. */
    public Tape tape() {
        return tape;
    }

    /** Puts a value of the new tape in place of one of the old. */
    public void replace(Value old, Value replacement) {
        values.put(old, replacement);
    }

    /** What a value of the old tape is on the new one; null if it is gone. */
    public Value value(Value old) {
        Value known = values.get(old);
        if (known == null && !shapes.gone(old)) {
            known = old.base() == old ? root(old) : part(old);
            values.put(old, known);
        }
        return known;
    }

    private Value root(Value old) {
        long[] dims = shapes.shape(old).toArray();
        return switch (old.role()) {
            case INPUT -> tape.input(old.name(), old.element(), dims);
            case PARAMETER -> tape.parameter(old.name(), dims);
            case CONSTANT -> tape.constant(old.name(), dims);
            case STATE -> tape.state(old.name(), dims);
            case ACTIVATION -> tape.activation(old.name(), old.element(), dims);
        };
    }

    private Value part(Value old) {
        Value base = value(old.base());
        Shape shape = shapes.shape(old);
        if (old.shape().elements() == old.base().shape().elements()) {
            return tape.view(base, shape.toArray());
        }
        long entry = old.base().shape().elements() / old.base().shape().dim(0);
        long begin = shapes.first(old, (old.start() - old.base().start()) / entry);
        return tape.slice(base, begin, begin + shape.dim(0));
    }

    /** Begins a segment like one of the old tape. */
    public void segment(Segment old) {
        tape.segment(old.name(), old.layer());
    }

    /** Records an operation of the old tape. */
    public void record(Op old) {
        tape.record(old.with(this::value));
    }

    /** Notes a branch of the old tape, the sum of which was recorded in the present segment. */
    public void branch(Branch old) {
        tape.branch(
                old.kind(),
                value(old.source()),
                value(old.stream()),
                value(old.onto()),
                value(old.output()),
                old.factor(),
                value(old.sum()));
    }
}
