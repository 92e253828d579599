package org.espalier.tape;

import org.espalier.tensor.Shape;

/**
 * A tensor on the tape: a name, a shape and a role, but no numbers. A view shares the storage of another value, its
 * {@link #root()}, from entry {@link #start()} of it on.
 */
public final class Value {

    /** Where a value's numbers come from. */
    public enum Role {
        /** Given anew for every run. */
        INPUT,
        /** A weight of the model. */
        PARAMETER,
        /** Fixed numbers that are not weights, such as rotary tables. */
        CONSTANT,
        /** Kept between runs, such as a key/value cache. */
        STATE,
        /** Computed by an operation. */
        ACTIVATION
    }

    private final int id;
    private final String name;
    private final Role role;
    private final Element element;
    private final Shape shape;
    private final Value base;
    private final Value root;
    private final long start;

    Value(int id, String name, Role role, Element element, Shape shape) {
        this.id = id;
        this.name = name;
        this.role = role;
        this.element = element;
        this.shape = shape;
        this.base = this;
        this.root = this;
        this.start = 0;
    }

    private Value(int id, Value base, long offset, Shape shape) {
        this.id = id;
        this.name = base.name;
        this.role = base.role;
        this.element = base.element;
        this.shape = shape;
        this.base = base;
        this.root = base.root;
        this.start = base.start + offset;
    }

    Value view(int viewId, long offset, Shape viewShape) {
        return new Value(viewId, this, offset, viewShape);
    }

    /** Position on the tape, from 0. */
    public int id() {
        return id;
    }

    /** The parameter's name in the checkpoint, or a name for messages. */
    public String name() {
        return name;
    }

    /** Where its numbers come from; views and slices have the role of their root. */
    public Role role() {
        return role;
    }

    /** Whether its numbers are indices or real ones, which the backend stores in its compute type. */
    public Element element() {
        return element;
    }

    /** Its extents, outermost first. */
    public Shape shape() {
        return shape;
    }

    /** The value that this is a view or a slice of: itself if it is neither. */
    public Value base() {
        return base;
    }

    /** The value whose storage this one uses, at the end of all bases. */
    public Value root() {
        return root;
    }

    /** First entry of the root's storage that this value uses. */
    public long start() {
        return start;
    }

    /** One more than the last entry of the root's storage that this value uses. */
    public long end() {
        return start + shape.elements();
    }

    @Override
    public String toString() {
        return name + shape;
    }
}
