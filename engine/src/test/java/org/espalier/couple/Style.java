package org.espalier.couple;

import java.util.EnumSet;
import java.util.Random;
import java.util.Set;

/** How a model of the tests is built: the ways in which published models differ from LLaMA. */
record Style(Projections projections, Gate gate, Rotation rotation, Set<Option> options) {

    /** How queries, keys and values are projected. */
    enum Projections {
        /** By a matrix each. */
        SEPARATE,
        /** By one matrix, of whose rows each takes a part. */
        SLICED_ROWS,
        /** By one matrix, of whose output {@code [q|k|v]} each takes a part. */
        CHUNKED,
        /** By one matrix, whose output has for each key/value head {@code [its queries|k|v]} (BLOOM, ChatGLM). */
        PER_HEAD,
        /** The same as an axis of heads, so that queries, keys and values have the same dimensions (Falcon). */
        HEADS_AXIS,
        /** By a matrix each, the heads being the fast axis. */
        HEADS_FASTEST
    }

    /** How an MLP is gated. */
    enum Gate {
        /** Not at all. */
        NONE,
        SEPARATE,
        /** Gate and up are parts of the rows of one matrix. */
        SLICED_ROWS,
        /** Gate and up are parts {@code [gate|up]} of one output. */
        CHUNKED,
        /** Gate and up of each neuron are neighbours. */
        NEIGHBOURS
    }

    /** How positions turn queries and keys. */
    enum Rotation {
        NONE,
        /** Pairs lie half of the rotated dimensions apart. */
        HALVES,
        /** Pairs are neighbours. */
        INTERLEAVED,
        /** Two parts are rotated, each by positions of its own (ChatGLM). */
        TWO_DIMENSIONAL
    }

    /** What else differs. */
    enum Option {
        BIASES,
        /** The head is the embedding table. */
        TIED,
        /** Layer normalisation with a bias, else root mean square. */
        LAYER_NORM,
        /** Attention and MLP read the same normalised stream. */
        PARALLEL,
        /** The residual comes from the normalised stream, scaled. */
        NORMED_RESIDUAL,
        /** Each head's queries and keys are normalised. */
        HEAD_NORM,
        /** The embedding is normalised. */
        EMBEDDING_NORM,
        /** A table of learned positions is added to the embedding. */
        LEARNED_POSITIONS,
        /** Matrices are stored {@code [in, out]}. */
        TRANSPOSED_WEIGHTS,
        /** Keys and values are repeated for each query, and attention sees as many heads of each. */
        REPEATED_KEYS,
        /** An operation that states nothing stands behind the neurons. */
        OPAQUE_NEURONS,
        /** An operation that states nothing stands behind the queries' rotation. */
        OPAQUE_QUERIES,
        /** An operation that states nothing stands behind the values. */
        OPAQUE_VALUES,
        /** An operation that states nothing stands behind the embedding. */
        OPAQUE_STREAM
    }

    static Style of(Projections projections, Gate gate, Rotation rotation, Option... options) {
        Set<Option> set = EnumSet.noneOf(Option.class);
        set.addAll(Set.of(options));
        return new Style(projections, gate, rotation, set);
    }

    /** Any style without opaque operations. */
    static Style random(Random random) {
        Set<Option> options = EnumSet.noneOf(Option.class);
        for (Option option : EnumSet.range(Option.BIASES, Option.REPEATED_KEYS)) {
            if (random.nextInt(3) == 0) {
                options.add(option);
            }
        }
        return new Style(
                any(random, Projections.values()), any(random, Gate.values()), any(random, Rotation.values()), options);
    }

    private static <T> T any(Random random, T[] of) {
        return of[random.nextInt(of.length)];
    }

    boolean has(Option option) {
        return options.contains(option);
    }

    Style with(Option option) {
        Set<Option> more = EnumSet.copyOf(Set.of(option));
        more.addAll(options);
        return new Style(projections, gate, rotation, more);
    }

    /** Rotated dimensions of a head that rotates {@code pairs}. */
    int rotated(int pairs) {
        return switch (rotation) {
            case NONE -> 0;
            case HALVES, INTERLEAVED -> 2 * pairs;
            case TWO_DIMENSIONAL -> 4 * pairs;
        };
    }
}
