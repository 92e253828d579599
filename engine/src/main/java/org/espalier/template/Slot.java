package org.espalier.template;

import java.util.HashMap;
import java.util.Map;

/** Where a variable lies while a template runs: in which frame, and where in it. */
record Slot(Layout layout, int index) {

    /** The variables of one kind of frame; {@code depth} counts the frames around it. */
    static final class Layout {

        private final Map<String, Slot> slots = new HashMap<>();
        private final int depth;

        Layout(int depth) {
            this.depth = depth;
        }

        int depth() {
            return depth;
        }

        /** The variable of that name, which is made if it is new. */
        Slot slot(String name) {
            return slots.computeIfAbsent(name, n -> new Slot(this, slots.size()));
        }

        /** How many there are; final only when the template has been compiled. */
        int size() {
            return slots.size();
        }
    }
}
