package org.espalier.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

    private static final MemorySegment ANYTHING = Arena.global().allocate(1);

    private Raw() {}

    /**
     * Has a fault in the caller's loads end in an {@link InternalError}, as one in a mapped file does that somebody
     * shortened: of compiled code, HotSpot takes it for a file's only where there is a plain access to native memory in the
     * same method, for which loads of vectors do not count, and else ends the process. The access is here; nothing is left
     * of it in compiled code.
     */
    static void mayFault() {
        byte ignored = ANYTHING.get(ValueLayout.JAVA_BYTE, 0);
    }

    /**
     * Where byte {@code start} of a segment lies.
     *
     * @throws IndexOutOfBoundsException if {@code bytes} bytes from there are not within the segment
     */
    static long address(MemorySegment segment, long start, long bytes) {
        return segment.asSlice(start, bytes).address();
    }

    /** Float {@code i} from an address on. */
    static float get(long address, int i) {
        return MEMORY.get(Lanes.FLOAT, address + 4L * i);
    }

    static void set(long address, int i, float value) {
        MEMORY.set(Lanes.FLOAT, address + 4L * i, value);
    }
}
