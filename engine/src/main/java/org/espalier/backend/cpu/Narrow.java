package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.tensor.Blocks;

/** Wide numbers to narrow ones, to nearest and ties to even. */
final class Narrow {

    private static final int QUIET = 0x40;
    private static final VectorSpecies<Short> SHORTS = Widest.WIDE ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;

    private Narrow() {}

    /** {@code count} float32 numbers as bfloat16; the same bits as {@link Blocks#floatToBfloat16}. */
    static void bfloat16(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        bfloat16(Raw.address(source, sourceAt, 4L * count), Raw.address(target, targetAt, 2L * count), count);
    }

    /** Numbers from an address of {@link Raw} to another. */
    static void bfloat16(long from, long to, int count) {
        Raw.mayFault();
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            store(upper(Widest.load(from + 4L * i)), to + 2L * i);
        }
        for (int i = whole; i < count; i++) {
            Raw.MEMORY.set(Lanes.SHORT, to + 2L * i, Blocks.floatToBfloat16(Raw.get(from, i)));
        }
    }

    /** What {@link #bfloat16} leaves of each number, rounded to bfloat16 itself; of what is not finite nothing. */
    static void bfloat16Rest(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        long from = Raw.address(source, sourceAt, 4L * count);
        long to = Raw.address(target, targetAt, 2L * count);
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            FloatVector value = Widest.load(from + 4L * i);
            FloatVector rest = value.sub(wide(upper(value)));
            store(upper(rest.blend(0f, rest.test(VectorOperators.IS_FINITE).not())), to + 2L * i);
        }
        for (int i = whole; i < count; i++) {
            float rest = Raw.get(from, i) - rounded(Raw.get(from, i));
            Raw.MEMORY.set(Lanes.SHORT, to + 2L * i, Blocks.floatToBfloat16(Float.isFinite(rest) ? rest : 0));
        }
    }

    /** Numbers rounded to bfloat16 that stay float32, from an address of {@link Raw} to another. */
    static void roundToBfloat16(long from, long to, int count) {
        Raw.mayFault();
        int whole = Widest.whole(count);
        for (int i = 0; i < whole; i += Widest.WIDTH) {
            Widest.store(wide(upper(Widest.load(from + 4L * i))), to + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            Raw.set(to, i, rounded(Raw.get(from, i)));
        }
    }

    private static float rounded(float value) {
        return Blocks.bfloat16ToFloat(Blocks.floatToBfloat16(value));
    }

    /** The bits of the nearest bfloat16, in the lower half of each lane. */
    private static IntVector upper(FloatVector value) {
        IntVector bits = value.reinterpretAsInts();
        IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
        IntVector rounded = bits.add(upper.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
        VectorMask<Integer> nan = value.compare(VectorOperators.NE, value).cast(Widest.INTS);
        return rounded.blend(upper.or(QUIET), nan);
    }

    private static FloatVector wide(IntVector upper) {
        return upper.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static void store(IntVector upper, long address) {
        ((ShortVector) upper.convertShape(VectorOperators.I2S, SHORTS, 0))
                .intoMemorySegment(Raw.MEMORY, address, Lanes.ORDER);
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
