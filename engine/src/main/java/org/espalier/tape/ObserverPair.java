package org.espalier.tape;

import java.util.ArrayList;
import java.util.List;

/** Two observers, of which the first sees everything first. */
public record ObserverPair(Observer first, Observer second) implements Observer {

    @Override
    public void before(Segment segment, boolean backward) {
        first.before(segment, backward);
        second.before(segment, backward);
    }

    @Override
    public void after(Segment segment, boolean backward) {
        first.after(segment, backward);
        second.after(segment, backward);
    }

    @Override
    public void afterBatch(Segment segment, boolean backward, int batch) {
        first.afterBatch(segment, backward, batch);
        second.afterBatch(segment, backward, batch);
    }

    @Override
    public void afterForward(Op op, Step step) {
        first.afterForward(op, step);
        second.afterForward(op, step);
    }

    @Override
    public void afterBackward(Op op, Step step) {
        first.afterBackward(op, step);
        second.afterBackward(op, step);
    }

    @Override
    public List<Value> valuesRead(Op op) {
        return both(first.valuesRead(op), second.valuesRead(op));
    }

    @Override
    public List<Value> gradientsRead(Op op) {
        return both(first.gradientsRead(op), second.gradientsRead(op));
    }

    private static List<Value> both(List<Value> a, List<Value> b) {
        List<Value> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }
}
