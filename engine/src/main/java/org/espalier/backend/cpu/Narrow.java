package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.espalier.tensor.Blocks;

/** Wide numbers to narrow ones, to nearest and ties to even. */
final class Narrow {

    private static final int QUIET = 0x40;

    private Narrow() {}

    /** {@code count} float32 numbers as bfloat16; the same bits as {@link Blocks#floatToBfloat16}. */
    static void bfloat16(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        int whole = Lanes.whole(count);
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            FloatVector value = Lanes.load(source, sourceAt + 4L * i);
            IntVector bits = value.reinterpretAsInts();
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            IntVector rounded = bits.add(upper.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
            VectorMask<Integer> nan = value.compare(VectorOperators.NE, value).cast(Lanes.INTS);
            ((ShortVector) rounded.blend(upper.or(QUIET), nan)
                            .convertShape(VectorOperators.I2S, ShortVector.SPECIES_128, 0))
                    .intoMemorySegment(target, targetAt + 2L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            target.set(
                    Lanes.SHORT, targetAt + 2L * i, Blocks.floatToBfloat16(source.get(Lanes.FLOAT, sourceAt + 4L * i)));
        }
    }

    /**
     * A float32 that rounds to the same narrower number as {@code value} does: what is cut off leaves a 1 in the last bit,
     * so that rounding twice cannot meet a false tie.
     */
    static float roundToOdd(double value) {
        float nearest = (float) value;
        if (nearest == value || Float.isNaN(nearest)) {
            return nearest;
        }
        float truncated = Math.abs((double) nearest) > Math.abs(value) ? towardsZero(nearest) : nearest;
        return Float.intBitsToFloat(Float.floatToRawIntBits(truncated) | 1);
    }

    private static float towardsZero(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) - 1);
    }
}
