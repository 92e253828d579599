package org.espalier.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.espalier.TestFiles;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.StoredTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Decoding and encoding against the values of the Python package gguf, to the bit. */
class BlocksTest {

    @ParameterizedTest
    @EnumSource(
            names = {
                "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "Q2_K", "Q3_K", "IQ4_NL", "IQ4_XS",
                "MXFP4", "F16", "BF16"
            })
    void decodesAsGgufDoes(DType type) {
        try (SafetensorsFile golden = SafetensorsFile.open(TestFiles.resource("format/blocks.safetensors"))) {
            MemorySegment blocks = golden.tensors().get(type + ".blocks").bytes();
            float[] expected = floats(golden.tensors().get(type + ".values"));
            float[] actual = new float[expected.length + 2];
            Blocks.decode(type, blocks, 0, actual, 1, expected.length);
            assertArrayEquals(bits(expected), bits(Arrays.copyOfRange(actual, 1, 1 + expected.length)));
            assertEquals(0, actual[0] + actual[expected.length + 1]);

            double[] wide = new double[expected.length];
            Blocks.decode(type, blocks, 0, wide, 0, wide.length);
            for (int i = 0; i < wide.length; i++) {
                assertEquals(expected[i], wide[i]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0", "Q4_1"})
    void encodesAsGgufDoes(DType type) {
        try (SafetensorsFile golden = SafetensorsFile.open(TestFiles.resource("format/blocks.safetensors"));
                Arena arena = Arena.ofConfined()) {
            float[] numbers = floats(golden.tensors().get("numbers"));
            MemorySegment expected = golden.tensors().get("numbers." + type).bytes();
            MemorySegment actual = arena.allocate(type.bytes(numbers.length) + 3);
            Blocks.encode(type, numbers, 0, actual, 3, numbers.length);
            assertEquals(-1, expected.mismatch(actual.asSlice(3)));
        }
    }

    @Test
    void bfloat16RoundsToNearestEvenAndKeepsSpecials() {
        assertEquals((short) 0x3F80, Blocks.floatToBfloat16(Float.intBitsToFloat(0x3F80_8000)));
        assertEquals((short) 0x3F82, Blocks.floatToBfloat16(Float.intBitsToFloat(0x3F81_8000)));
        assertEquals((short) 0x3F81, Blocks.floatToBfloat16(Float.intBitsToFloat(0x3F80_8001)));
        assertEquals((short) 0x7F80, Blocks.floatToBfloat16(Float.MAX_VALUE));
        assertEquals((short) 0xFF80, Blocks.floatToBfloat16(Float.NEGATIVE_INFINITY));
        assertEquals((short) 0x8000, Blocks.floatToBfloat16(-0f));
        for (int nan : new int[] {0x7F80_0001, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xFF80_0001}) {
            assertTrue(Float.isNaN(Blocks.bfloat16ToFloat(Blocks.floatToBfloat16(Float.intBitsToFloat(nan)))));
        }
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Blocks.bfloat16ToFloat((short) bits);
            if (!Float.isNaN(value)) {
                assertEquals((short) bits, Blocks.floatToBfloat16(value));
            }
        }
    }

    @Test
    void decodesPlainTypes() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(64).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putDouble(0.1)
                .putLong(1, -3)
                .putInt(9, 70000)
                .putShort(13, (short) -2)
                .put(15, (byte) -1);
        bytes.putLong(1, Double.doubleToLongBits(0.1));
        MemorySegment source = MemorySegment.ofBuffer(bytes.clear());
        double[] wide = new double[1];
        float[] narrow = new float[1];
        Blocks.decode(DType.F64, source, 1, wide, 0, 1);
        Blocks.decode(DType.F64, source, 1, narrow, 0, 1);
        assertEquals(0.1, wide[0]);
        assertEquals(0.1f, narrow[0]);
        Blocks.decode(DType.I32, source, 9, wide, 0, 1);
        assertEquals(70000, wide[0]);
        Blocks.decode(DType.I16, source, 13, narrow, 0, 1);
        assertEquals(-2, narrow[0]);
        Blocks.decode(DType.I8, source, 15, narrow, 0, 1);
        assertEquals(-1, narrow[0]);
        Blocks.decode(DType.U8, source, 15, narrow, 0, 1);
        assertEquals(255, narrow[0]);
    }

    @Test
    void refusesPartsOfBlocks() {
        MemorySegment source = MemorySegment.ofArray(new byte[64]);
        assertThrows(IllegalArgumentException.class, () -> Blocks.decode(DType.Q8_0, source, 0, new float[32], 0, 31));
        assertThrows(
                IllegalArgumentException.class, () -> Blocks.encode(DType.Q2_K, new float[256], 0, source, 0, 256));
    }

    private static float[] floats(StoredTensor tensor) {
        return tensor.bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
