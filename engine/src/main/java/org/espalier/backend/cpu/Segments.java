package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostBuffer;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** The memory of operands. */
final class Segments {

    private Segments() {}

    static MemorySegment of(Tensor tensor) {
        return HostBuffer.segment(tensor);
    }

    static MemorySegment of(Target target) {
        return of(target.tensor());
    }

    static MemorySegment orNull(Tensor tensor) {
        return tensor == null ? null : of(tensor);
    }

    static MemorySegment orNull(Target target) {
        return target == null ? null : of(target);
    }

    /** The beta of a target; 0 where nobody wants the result. */
    static float betaOrZero(Target target) {
        return target == null ? 0 : target.beta();
    }
}
