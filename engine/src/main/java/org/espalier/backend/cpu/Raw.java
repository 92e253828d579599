package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Memory by absolute address, for the innermost loops of decoding: of this one constant segment the compiler knows the
 * class, the size and that it never ends, so that a loop's speed does not depend on which segments other loops have met
 * (after a long prompt the same loop ran at two thirds of its speed). {@link #address} checks a range once, before the
 * loop; whoever calls keeps its memory open.
 */
final class Raw {

    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** The address of a target that nobody wants. */
    static final long NOWHERE = 0;

    private Raw() {}

    /**
     * Where byte {@code from} of a segment lies.
     *
     * @throws IndexOutOfBoundsException if {@code bytes} bytes from there are not within the segment
     */
    static long address(MemorySegment segment, long from, long bytes) {
        return segment.asSlice(from, bytes).address();
    }

    /** Float {@code i} from an address on. */
    static float get(long address, int i) {
        return MEMORY.get(Lanes.FLOAT, address + 4L * i);
    }

    static void set(long address, int i, float value) {
        MEMORY.set(Lanes.FLOAT, address + 4L * i, value);
    }
}
