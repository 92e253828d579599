package org.espalier.plan;

import java.util.List;
import java.util.function.Consumer;
import org.espalier.couple.Selection;

/**
 * Something that can be narrowed by steps: the units of a branch, or those of all layers together.
 *
 * @param name   for people
 * @param levels from whole on, each narrower than the one before; the first saves nothing and costs nothing
 */
record Ladder(String name, List<Level> levels) {

    /**
     * A width.
     *
     * @param saved of what is limited
     * @param cost  that the choice is to keep small
     * @param enter enters what goes in a selection
     */
    record Level(double saved, double cost, Consumer<Selection> enter) {}

    Ladder {
        levels = List.copyOf(levels);
    }
}
