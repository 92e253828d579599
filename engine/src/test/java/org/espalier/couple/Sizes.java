package org.espalier.couple;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

/**
 * Sizes of a model of the tests, each of which can be made smaller without a look at the others.
 *
 * @param channels of the residual stream
 * @param pairs    rotated dimensions of a head, counted by the entries of the table of angles that all layers share
 */
record Sizes(int channels, int pairs, List<Block> blocks) {

    /**
     * Sizes of a layer.
     *
     * @param kvHeads key/value heads
     * @param queries query heads of each
     * @param plain   dimensions of queries and keys that are not rotated
     * @param values  dimensions of values; not looked at where they are those of queries and keys
     * @param neurons of the MLP
     */
    record Block(int kvHeads, int queries, int plain, int values, int neurons) {}

    /**
     * One of the sizes.
     *
     * @param name for messages
     * @param size as it is
     * @param with all sizes with another in its place
     */
    record Knob(String name, int size, IntFunction<Sizes> with) {}

    /** Every size of a model of this style that is more than 1: what must be found, no more and no less. */
    List<Knob> knobs(Style style) {
        List<Knob> knobs = new ArrayList<>();
        knobs.add(new Knob("channels", channels, n -> new Sizes(n, pairs, blocks)));
        if (style.rotation() != Style.Rotation.NONE) {
            knobs.add(new Knob("pairs", pairs, n -> new Sizes(channels, n, blocks)));
        }
        for (int i = 0; i < blocks.size(); i++) {
            Block b = blocks.get(i);
            String layer = "layer " + i + " ";
            int at = i;
            knobs.add(new Knob(
                    layer + "kvHeads",
                    b.kvHeads,
                    n -> with(at, o -> new Block(n, o.queries, o.plain, o.values, o.neurons))));
            knobs.add(new Knob(
                    layer + "queries",
                    b.queries,
                    n -> with(at, o -> new Block(o.kvHeads, n, o.plain, o.values, o.neurons))));
            knobs.add(new Knob(
                    layer + "plain",
                    b.plain,
                    n -> with(at, o -> new Block(o.kvHeads, o.queries, n, o.values, o.neurons))));
            if (style.projections() != Style.Projections.HEADS_AXIS) {
                knobs.add(new Knob(
                        layer + "values",
                        b.values,
                        n -> with(at, o -> new Block(o.kvHeads, o.queries, o.plain, n, o.neurons))));
            }
            knobs.add(new Knob(
                    layer + "neurons",
                    b.neurons,
                    n -> with(at, o -> new Block(o.kvHeads, o.queries, o.plain, o.values, n))));
        }
        return knobs.stream().filter(k -> k.size > 1).toList();
    }

    private Sizes with(int block, UnaryOperator<Block> change) {
        List<Block> changed = new ArrayList<>(blocks);
        changed.set(block, change.apply(changed.get(block)));
        return new Sizes(channels, pairs, changed);
    }

    /**
     * Small sizes that often coincide: as many neurons as channels, one head, one dimension. There are three channels or
     * more, for layer normalisation leaves nothing but signs of two.
     */
    static Sizes random(Random random, Style style) {
        int channels = 3 + random.nextInt(6);
        int pairs = 1 + random.nextInt(3);
        List<Block> blocks = new ArrayList<>();
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            int plain = style.rotation() == Style.Rotation.NONE ? 1 + random.nextInt(4) : random.nextInt(3);
            int neurons = random.nextBoolean() ? channels : 1 + random.nextInt(9);
            blocks.add(new Block(1 + random.nextInt(3), 1 + random.nextInt(3), plain, 1 + random.nextInt(4), neurons));
        }
        return new Sizes(channels, pairs, blocks);
    }
}
