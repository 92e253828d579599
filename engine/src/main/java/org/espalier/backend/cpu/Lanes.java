package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The shape of vector of kernels that wait for memory, and its sums; {@link Widest} has the others'. Sums go through 32
 * interleaved partial sums (four vectors of eight) and one fixed tree: the library's own lane reduction adds in another
 * order once it is compiled. 256 bits are what every processor with AVX2 has, so results do not change with the width of
 * the machine.
 */
final class Lanes {

    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    /** Numbers in a vector. */
    static final int WIDTH = 8;
    /** Interleaved partial sums. */
    static final int PARTIALS = 4 * WIDTH;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    private static final VectorShuffle<Float> SWAP_FOURS = VectorShuffle.fromOp(FLOATS, lane -> lane ^ 4);
    private static final VectorShuffle<Float> SWAP_PAIRS = VectorShuffle.fromOp(FLOATS, lane -> lane ^ 2);
    private static final VectorShuffle<Float> SWAP_ONES = VectorShuffle.fromOp(FLOATS, lane -> lane ^ 1);

    private Lanes() {}

    /** How many of {@code count} numbers are in whole vectors. */
    static int whole(int count) {
        return count - count % WIDTH;
    }

    /** Eight floats from byte {@code offset} on. */
    static FloatVector load(MemorySegment segment, long offset) {
        return FloatVector.fromMemorySegment(FLOATS, segment, offset, ORDER);
    }

    /** As {@link #load(MemorySegment, long)}, touching only the lanes of the mask; the others are 0. */
    static FloatVector load(MemorySegment segment, long offset, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(FLOATS, segment, offset, ORDER, mask);
    }

    static void store(FloatVector vector, MemorySegment segment, long offset) {
        vector.intoMemorySegment(segment, offset, ORDER);
    }

    static void store(FloatVector vector, MemorySegment segment, long offset, VectorMask<Float> mask) {
        vector.intoMemorySegment(segment, offset, ORDER, mask);
    }

    /** The sum of 32 partial sums by a fixed tree. */
    static float sum(FloatVector a, FloatVector b, FloatVector c, FloatVector d) {
        return sum(a.add(b).add(c.add(d)));
    }

    /** The sum of eight lanes by a fixed tree: {@code ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))}. */
    static float sum(FloatVector v) {
        FloatVector two = v.add(v.rearrange(SWAP_FOURS));
        FloatVector four = two.add(two.rearrange(SWAP_PAIRS));
        return four.add(four.rearrange(SWAP_ONES)).lane(0);
    }

    /** The largest of eight lanes. */
    static float max(FloatVector v) {
        return Math.max(
                Math.max(Math.max(v.lane(0), v.lane(4)), Math.max(v.lane(2), v.lane(6))),
                Math.max(Math.max(v.lane(1), v.lane(5)), Math.max(v.lane(3), v.lane(7))));
    }
}
