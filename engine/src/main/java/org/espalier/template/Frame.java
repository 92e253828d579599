package org.espalier.template;

/** The variables of a part of a template while it runs. */
final class Frame {

    private final Frame parent;
    private final Object[] values;
    private final Run run;

    Frame(Run run, Frame parent, int size) {
        this.run = run;
        this.parent = parent;
        this.values = new Object[size];
    }

    Budget budget() {
        return run.budget();
    }

    Run run() {
        return run;
    }

    /** The frame that is {@code levels} further out. */
    Frame outer(int levels) {
        Frame frame = this;
        for (int i = 0; i < levels; i++) {
            frame = frame.parent;
        }
        return frame;
    }

    Object get(int index) {
        return values[index];
    }

    void set(int index, Object value) {
        values[index] = value;
    }
}
