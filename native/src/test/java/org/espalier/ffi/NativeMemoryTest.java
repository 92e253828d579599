package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {

    @Test
    void plantedLeakIsListed() {
        NativeMemory leak = NativeMemory.allocate(100, "planted leak");
        assertEquals(List.of("100 bytes for planted leak"), NativeMemory.outstanding());
        assertEquals(100, NativeMemory.bytesInUse());
        leak.close();
        assertEquals(List.of(), NativeMemory.outstanding());
        assertEquals(0, NativeMemory.bytesInUse());
    }

    @Test
    void thePeakIsWhatWasThereAtOnce() {
        try (NativeMemory stays = NativeMemory.allocate(10, "stays")) {
            NativeMemory.allocate(300, "before").close();
            NativeMemory.resetPeak();
            assertEquals(10, NativeMemory.peakBytes());
            NativeMemory.allocate(100, "first").close();
            NativeMemory.allocate(70, "second").close();
            assertEquals(110, NativeMemory.peakBytes());
            assertEquals(stays.bytes(), NativeMemory.bytesInUse());
        }
    }

    @Test
    void useAfterFreeIsRefusedAndFreeingTwiceIsHarmless() {
        NativeMemory memory = NativeMemory.allocate(8, "short life");
        memory.segment().set(ValueLayout.JAVA_LONG, 0, 42);
        memory.close();
        memory.close();
        String message =
                assertThrows(IllegalStateException.class, memory::segment).getMessage();
        assertTrue(message.contains("short life"), message);
    }

    @Test
    void memoryIsAlignedAndBounded() {
        try (NativeMemory memory = NativeMemory.allocate(65, "odd size");
                NativeMemory empty = NativeMemory.allocate(0, "nothing")) {
            assertEquals(0, memory.segment().address() % NativeMemory.ALIGNMENT);
            assertEquals(0, empty.segment().byteSize());
            assertThrows(IndexOutOfBoundsException.class, () -> memory.segment().get(ValueLayout.JAVA_BYTE, 65));
        }
    }

    @Test
    void whatTheSystemDoesNotHaveIsAFailure() {
        Failure failure = assertThrows(Failure.class, () -> NativeMemory.allocate(1L << 60, "too much"));
        assertTrue(failure.oneLine().contains("1152921504606846976 bytes for too much"), failure.oneLine());
        assertThrows(IllegalArgumentException.class, () -> NativeMemory.allocate(-1, "negative"));
    }
}
