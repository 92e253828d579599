package org.espalier.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleTest {

    private static final Gradients ALL = new Gradients() {
        @Override
        public boolean wanted(Value parameter) {
            return true;
        }

        @Override
        public Tensor tensor(Value parameter) {
            throw new AssertionError("a schedule needs no numbers");
        }
    };

    /** A stack of residual linear layers with a loss. */
    private static Tape stack(int layers) {
        Tape tape = new Tape();
        Value x = tape.input("x", Element.REAL, 5, 7);
        Value stream = x;
        for (int layer = 0; layer < layers; layer++) {
            tape.segment("layer " + layer);
            Value h = Linear.record(tape, stream, tape.parameter("w" + layer, 7, 7), null);
            stream = Add.record(tape, stream, h, 1);
        }
        tape.segment("head");
        Value logits = Linear.record(tape, stream, tape.parameter("w0", 7, 7), null);
        tape.result(CrossEntropy.record(tape, logits, tape.input("targets", Element.INDEX, 5)));
        return tape;
    }

    @ParameterizedTest
    @EnumSource(Retention.class)
    void slotsAliveTogetherDoNotOverlap(Retention retention) {
        Schedule schedule = new Schedule(stack(6), ALL, Observer.NONE, retention);
        long total = Arena.plan(schedule, DType.F32);
        List<Schedule.Slot> slots = new ArrayList<>();
        schedule.slots().forEach(slots::add);
        assertTrue(slots.size() > 6);
        for (Schedule.Slot a : slots) {
            assertTrue(a.offset >= 0 && a.offset % 64 == 0 && end(a) <= total);
            for (Schedule.Slot b : slots) {
                boolean together = a != b && a.first <= b.last && b.first <= a.last;
                assertFalse(together && a.offset < end(b) && b.offset < end(a), a.root + " and " + b.root);
            }
        }
    }

    private static long end(Schedule.Slot slot) {
        return slot.offset + 4 * slot.root.shape().elements();
    }

    @Test
    void inferenceReusesMemoryAndRecomputingKeepsLessThanKeeping() {
        long inference = Arena.plan(new Schedule(stack(20), ALL, Observer.NONE, Retention.INFERENCE), DType.F32);
        assertEquals(inference, Arena.plan(new Schedule(stack(2), ALL, Observer.NONE, Retention.INFERENCE), DType.F32));
        long keep = Arena.plan(new Schedule(stack(20), ALL, Observer.NONE, Retention.KEEP), DType.F32);
        long few = Arena.plan(new Schedule(stack(2), ALL, Observer.NONE, Retention.KEEP), DType.F32);
        assertTrue(keep > few, keep + " for 20 layers, " + few + " for 2");
    }

    @Test
    void onlyOperationsOnAWantedPathRunBackwards() {
        Gradients last = new Gradients() {
            @Override
            public boolean wanted(Value parameter) {
                return parameter.name().equals("w3");
            }

            @Override
            public Tensor tensor(Value parameter) {
                throw new AssertionError();
            }
        };
        List<String> walk = new Schedule(stack(4), last, Observer.NONE, Retention.KEEP)
                .backward().stream()
                        .map(e -> e.segment().name() + " " + e.op().kind())
                        .toList();
        assertEquals(List.of("head crossEntropy", "head linear", "layer 3 add", "layer 3 linear"), walk);
    }

    @Test
    void theSameNameIsTheSameParameterAndMustHaveOneShape() {
        Tape tape = stack(3);
        assertEquals(3, tape.leaves(Value.Role.PARAMETER).size());
        assertEquals(3 * 49, tape.parameterCount());
        assertThrows(IllegalArgumentException.class, () -> tape.parameter("w0", 7, 8));
        assertThrows(IllegalArgumentException.class, () -> tape.input("w0", Element.REAL, 7, 7));
    }

    @Test
    void coverageTellsFirstWritersFromLaterOnes() {
        Tape tape = new Tape();
        Value whole = tape.activation("a", Element.REAL, 10, 3);
        Value low = tape.slice(whole, 0, 4);
        Value high = tape.slice(whole, 4, 10);
        Coverage coverage = new Coverage();
        assertFalse(coverage.any(whole));
        assertFalse(coverage.write(low));
        assertTrue(coverage.any(whole));
        assertTrue(coverage.write(low));
        assertFalse(coverage.complete(whole));
        assertFalse(coverage.write(high));
        assertTrue(coverage.complete(whole));
        assertTrue(coverage.write(whole));
        Coverage fresh = new Coverage();
        fresh.write(low);
        Value middle = tape.slice(whole, 3, 6);
        assertThrows(IllegalStateException.class, () -> fresh.write(middle));
    }
}
