package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** The vector versions of reading and writing stored numbers against the plain ones. */
class StoredTest {

    private static final int PATTERNS = 1 << 16;

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void widensEveryBitPattern(DType type) {
        try (NativeMemory narrow = NativeMemory.allocate(2L * PATTERNS + 1, "narrow");
                NativeMemory wide = NativeMemory.allocate(4L * PATTERNS, "wide")) {
            for (int i = 0; i < PATTERNS; i++) {
                narrow.segment().set(Lanes.SHORT, 1 + 2L * i, (short) i);
            }
            Widen.decode(type, narrow.segment(), 1, wide.segment(), 0, PATTERNS);
            for (int i = 0; i < PATTERNS; i++) {
                float expected =
                        type == DType.F16 ? Float.float16ToFloat((short) i) : Blocks.bfloat16ToFloat((short) i);
                assertEquals(expected, wide.segment().get(Lanes.FLOAT, 4L * i), "pattern " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ALL, names = "Q.*")
    void widensBlocksToTheBitsOfTheirDefinition(DType type) {
        int count = 3 * 256;
        int bytes = (int) type.bytes(count);
        try (NativeMemory stored = NativeMemory.allocate(bytes + 1, "stored");
                NativeMemory wide = NativeMemory.allocate(4L * count, "wide")) {
            byte[] noise = new byte[bytes];
            new Random(5).nextBytes(noise);
            MemorySegment.copy(MemorySegment.ofArray(noise), 0, stored.segment(), 1, bytes);
            float[] expected = new float[count];
            Blocks.decode(type, stored.segment(), 1, expected, 0, count);
            Widen.decode(type, stored.segment(), 1, wide.segment(), 0, count);
            for (int i = 0; i < count; i++) {
                assertEquals(expected[i], wide.segment().get(Lanes.FLOAT, 4L * i), type + " number " + i);
            }
        }
    }

    @Test
    void narrowsToBfloat16AsTheDefinitionDoes() {
        int stride = 49_157;
        int count = (int) ((1L << 32) / stride);
        try (NativeMemory wide = NativeMemory.allocate(4L * count, "wide");
                NativeMemory narrow = NativeMemory.allocate(2L * count, "narrow")) {
            for (int i = 0; i < count; i++) {
                wide.segment().set(Lanes.INT, 4L * i, i * stride);
            }
            Narrow.bfloat16(wide.segment(), 0, narrow.segment(), 0, count);
            for (int i = 0; i < count; i++) {
                assertEquals(
                        Blocks.floatToBfloat16(Float.intBitsToFloat(i * stride)),
                        narrow.segment().get(Lanes.SHORT, 2L * i),
                        "pattern " + i * stride);
            }
        }
    }

    @Test
    void roundsOnceFromFloat64() {
        double aboveTie = 1 + 0x1p-11 + 0x1p-40;
        double belowTie = 1 + 0x1p-10 + 0x1p-11 - 0x1p-40;
        assertEquals(1 + 0x1p-10f, viaHalf(aboveTie));
        assertEquals(1 + 0x1p-10f, viaHalf(belowTie));
        assertEquals(1f, viaHalf(1 + 0x1p-11));
        assertEquals(-1 - 0x1p-10f, viaHalf(-aboveTie));
        assertEquals(0f, viaHalf(1e-60));
        assertEquals(Float.POSITIVE_INFINITY, viaHalf(1e300));
        assertEquals(Float.NaN, viaHalf(Double.NaN));
    }

    private static float viaHalf(double value) {
        return Float.float16ToFloat(Float.floatToFloat16(Narrow.roundToOdd(value)));
    }
}
