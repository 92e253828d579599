package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Eight stored numbers as a vector of floats or ints. */
final class Stored {

    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_128;
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;

    private static final int HALF_SIGN = 0x8000;
    private static final int HALF_MAGNITUDE = 0x7fff;
    private static final int FLOAT_INFINITY = 0x7f800000;
    /** Corrects the exponent of a half whose bits were moved to a float's place. */
    private static final float HALF_SCALE = 0x1p112f;
    /** The bits that an infinite half would get if its exponent were an ordinary one. */
    private static final int HALF_OVERFLOW = Float.floatToRawIntBits(0x1p16f);

    private static final float[] HALVES = new float[1 << 16];

    static {
        for (int bits = 0; bits < HALVES.length; bits++) {
            HALVES[bits] = Float.float16ToFloat((short) bits);
        }
    }

    private Stored() {}

    static FloatVector bfloat16(MemorySegment segment, long offset) {
        Raw.mayFault();
        return bfloat16(ShortVector.fromMemorySegment(SHORTS, segment, offset, Lanes.ORDER));
    }

    /** Exact for normal and subnormal numbers, infinities and NaN. */
    static FloatVector float16(MemorySegment segment, long offset) {
        Raw.mayFault();
        IntVector bits = widen(ShortVector.fromMemorySegment(SHORTS, segment, offset, Lanes.ORDER));
        FloatVector magnitude = bits.and(HALF_MAGNITUDE)
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(HALF_SCALE);
        IntVector value = magnitude.reinterpretAsInts();
        value = value.blend(value.or(FLOAT_INFINITY), value.compare(VectorOperators.GE, HALF_OVERFLOW));
        return value.or(bits.and(HALF_SIGN).lanewise(VectorOperators.LSHL, 16)).reinterpretAsFloats();
    }

    private static FloatVector bfloat16(ShortVector bits) {
        return widen(bits).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static IntVector widen(ShortVector bits) {
        return (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, Lanes.INTS, 0);
    }

    /** Eight signed bytes. */
    static FloatVector int8(MemorySegment segment, long offset) {
        Raw.mayFault();
        return (FloatVector) ByteVector.fromMemorySegment(BYTES, segment, offset, Lanes.ORDER)
                .convertShape(VectorOperators.B2F, Lanes.FLOATS, 0);
    }

    /** Eight unsigned bytes. */
    static IntVector uint8(MemorySegment segment, long offset) {
        Raw.mayFault();
        return (IntVector) ByteVector.fromMemorySegment(BYTES, segment, offset, Lanes.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, Lanes.INTS, 0);
    }

    static FloatVector toFloat(IntVector ints) {
        return (FloatVector) ints.convertShape(VectorOperators.I2F, Lanes.FLOATS, 0);
    }

    /** One half-precision number: the scale of a block. */
    static float half(MemorySegment segment, long offset) {
        return half(segment.get(Lanes.SHORT, offset));
    }

    /**
     * The value of a half's bits. Not from a table: where a load faults HotSpot goes on with what was in the register before,
     * which as an index that needs no check ends the process.
     */
    static float half(short bits) {
        return Float.float16ToFloat(bits);
    }

    /**
     * The half in the lower 16 bits of an int that holds two, from a table: a vector loads it from there in one step. Both are
     * cut out of the int by instructions of their own, so that they are indices whatever was loaded.
     */
    static float low(int halves) {
        return HALVES[halves & 0xffff];
    }

    /** The half in the upper 16 bits. */
    static float high(int halves) {
        return HALVES[halves >>> 16];
    }
}
