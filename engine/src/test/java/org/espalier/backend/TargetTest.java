package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {

    @Test
    void isWrittenOrAddedTo() {
        try (Buffer buffer = HostBuffer.allocate(12, "a target")) {
            Tensor tensor = Tensor.of(buffer, DType.F32, Shape.of(3));
            assertEquals(new Target(tensor, 0), Target.overwrite(tensor));
            assertEquals(new Target(tensor, 1), Target.accumulate(tensor));
            assertFalse(Target.overwrite(tensor).accumulates());
            assertTrue(Target.accumulate(tensor).accumulates());
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0.5f, 2, -1, Float.NaN, Float.POSITIVE_INFINITY})
    void takesNoOtherFactor(float beta) {
        try (Buffer buffer = HostBuffer.allocate(12, "a target")) {
            Tensor tensor = Tensor.of(buffer, DType.F32, Shape.of(3));
            assertEquals(
                    "beta must be 0 or 1, is " + beta + "; target F32 [3]",
                    assertThrows(IllegalArgumentException.class, () -> new Target(tensor, beta))
                            .getMessage());
        }
    }

    @Test
    void hasATensor() {
        assertThrows(IllegalArgumentException.class, () -> Target.overwrite(null));
    }
}
