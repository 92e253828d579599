package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.espalier.backend.AttentionForm;

/**
 * Makes scores of products that the scale multiplies already, in place. Where scores are products, nothing is done.
 *
 * @param form   scale, bound and window
 * @param slopes of the heads, {@code [heads]}; or null
 */
record AttentionScores(AttentionForm form, MemorySegment slopes) {

    /** Multiplies products. */
    float scale() {
        return (float) form.scale();
    }

    /** Whether scores are bounded. */
    boolean capped() {
        return form.cap() > 0;
    }

    /**
     * Bounds a row of products of one head.
     *
     * @param at    first byte of the row
     * @param count numbers of it
     */
    void bound(MemorySegment row, long at, int count) {
        if (!capped()) {
            return;
        }
        float cap = (float) form.cap();
        long address = Raw.address(row, at, 4L * count);
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            FloatVector part = Widest.load(address + 4L * i).div(cap);
            Widest.store(Tanh.value(part).mul(cap), address + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            Raw.set(address, i, cap * Tanh.value(Raw.get(address, i) / cap));
        }
    }

    /** Takes off what distance costs, in a row whose last key is the query's own. */
    void slope(int head, MemorySegment row, long at, int count) {
        slope(head, row, at, count, 0);
    }

    /** As above, in a row that ends {@code behind} keys before the query's own. */
    void slope(int head, MemorySegment row, long at, int count, int behind) {
        if (slopes == null) {
            return;
        }
        float slope = slopes.get(Lanes.FLOAT, 4L * head);
        for (int i = 0; i < count; i++) {
            long address = at + 4L * i;
            row.set(Lanes.FLOAT, address, row.get(Lanes.FLOAT, address) + slope * (i + 1 - count - behind));
        }
    }

    /**
     * {@code gradients[i] *= 1 − (bounded[i] / cap)²}, the derivative of a bounded score by what was bounded.
     *
     * @param at first byte of both rows
     */
    void boundGradient(MemorySegment gradients, MemorySegment bounded, long at, int count) {
        float cap = (float) form.cap();
        for (int i = 0; i < count; i++) {
            long address = at + 4L * i;
            float part = bounded.get(Lanes.FLOAT, address) / cap;
            gradients.set(Lanes.FLOAT, address, gradients.get(Lanes.FLOAT, address) * Math.fma(-part, part, 1f));
        }
    }
}
