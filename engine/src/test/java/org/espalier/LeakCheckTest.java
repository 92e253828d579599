package org.espalier;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.espalier.ffi.NativeMemory;
import org.junit.jupiter.api.Test;

class LeakCheckTest {

    @Test
    void noticesAPlantedLeakAndNamesIt() {
        LeakCheck.Snapshot before = new LeakCheck.Snapshot();
        NativeMemory leak = NativeMemory.allocate(123, "a planted leak");
        try {
            AssertionError noticed = assertThrows(AssertionError.class, () -> before.requireNothingMore("this test"));
            assertEquals("this test leaves native memory: [123 bytes for a planted leak]", noticed.getMessage());
        } finally {
            leak.close();
        }
        assertDoesNotThrow(() -> before.requireNothingMore("this test"));
    }

    @Test
    void watchesTestsThatDoNotAskForIt() {
        assertTrue(LeakCheck.watching(), "the check is not registered for the tests of this module");
    }
}
