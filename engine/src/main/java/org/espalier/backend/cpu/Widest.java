package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The longest vectors of this processor, 512 or 256 bits, for what waits for arithmetic more than for memory. Sums go
 * through 16 partial sums: one vector of 512 bits, or two of 256 that are walked one after the other, which gives the same
 * bits. A method that is given a vector must not be given another shape elsewhere: where the compiler cannot tell which one
 * it has, it makes an object of it.
 */
final class Widest {

    /** Whether vectors have 512 bits. */
    static final boolean WIDE = FloatVector.SPECIES_PREFERRED.length() >= 16;

    static final VectorSpecies<Float> FLOATS = WIDE ? FloatVector.SPECIES_512 : FloatVector.SPECIES_256;
    static final VectorSpecies<Integer> INTS = WIDE ? IntVector.SPECIES_512 : IntVector.SPECIES_256;
    /** Numbers in a vector. */
    static final int WIDTH = FLOATS.length();
    /** Partial sums of a sum. */
    static final int PARTIALS = 16;

    private static final VectorShuffle<Float> SWAP_HALVES = VectorShuffle.fromOp(FLOATS, lane -> lane ^ Lanes.WIDTH);

    private Widest() {}

    /** How many of {@code count} numbers are in whole vectors. */
    static int whole(int count) {
        return count - count % WIDTH;
    }

    static FloatVector all(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    /** The floats from an address of {@link Raw} on. */
    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, Raw.MEMORY, address, Lanes.ORDER);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(Raw.MEMORY, address, Lanes.ORDER);
    }

    /** Partial sums {@code j} and {@code j + 8} added, if they are in one vector. */
    static FloatVector fold(FloatVector sums) {
        return WIDE ? (FloatVector) sums.add(sums.rearrange(SWAP_HALVES)).reinterpretShape(Lanes.FLOATS, 0) : sums;
    }

    /** The largest number of a vector. */
    static float max(FloatVector v) {
        return Lanes.max(WIDE ? (FloatVector) v.max(v.rearrange(SWAP_HALVES)).reinterpretShape(Lanes.FLOATS, 0) : v);
    }
}
