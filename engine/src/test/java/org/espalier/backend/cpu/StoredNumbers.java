package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Random stored weights whose numbers are of the order of 1. */
final class StoredNumbers {

    private StoredNumbers() {}

    /** Fills whole blocks of {@code type}; the rest of the memory is left alone. */
    static void randomise(Random random, DType type, MemorySegment memory) {
        for (long at = 0; at + type.blockBytes() <= memory.byteSize(); at += type.blockBytes()) {
            for (int i = 0; i < type.blockBytes(); i++) {
                memory.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
            }
            short scale = half(random);
            switch (type) {
                case F32 -> memory.set(Lanes.FLOAT, at, random.nextFloat() - 0.5f);
                case BF16 -> memory.set(Lanes.SHORT, at, Blocks.floatToBfloat16(random.nextFloat() - 0.5f));
                case F16 -> memory.set(Lanes.SHORT, at, Float.floatToFloat16(random.nextFloat() - 0.5f));
                case Q8_0, Q4_0, Q5_0 -> memory.set(Lanes.SHORT, at, scale);
                case Q4_1, Q5_1, Q4_K, Q5_K -> {
                    memory.set(Lanes.SHORT, at, scale);
                    memory.set(Lanes.SHORT, at + 2, half(random));
                }
                case Q6_K -> memory.set(Lanes.SHORT, at + 208, scale);
                default -> throw new IllegalArgumentException("no random numbers of type " + type);
            }
        }
    }

    private static short half(Random random) {
        return Float.floatToFloat16((random.nextFloat() - 0.5f) * 0.1f);
    }
}
