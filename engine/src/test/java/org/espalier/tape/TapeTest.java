package org.espalier.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.ScatterRows;
import org.espalier.tape.op.SwiGlu;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TapeTest {

    private final Tape tape = new Tape();

    TapeTest() {
        tape.segment("all");
    }

    private static void refused(String with, Executable recording) {
        String message = assertThrows(IllegalArgumentException.class, recording).getMessage();
        assertTrue(message.contains(with), message);
    }

    @Test
    void viewsKnowWhatTheyAreViewsOfAndWhereTheyBegin() {
        Value a = tape.activation("a", Element.REAL, 6, 4);
        Value view = tape.view(a, 2, 3, 4);
        Value part = tape.slice(view, 1, 2);
        Value rows = tape.slice(tape.view(part, 3, 4), 2, 3);
        assertSame(a, view.base());
        assertSame(view, part.base());
        assertSame(a, rows.root());
        assertEquals(12, part.start());
        assertEquals(12 + 8, rows.start());
        assertEquals(24, rows.end());
        assertSame(a, a.base());
    }

    @Test
    void viewsAndSlicesMustFit() {
        Value a = tape.activation("a", Element.REAL, 6, 4);
        refused("view", () -> tape.view(a, 5, 5));
        refused("slice", () -> tape.slice(a, 3, 7));
        refused("slice", () -> tape.slice(a, 4, 3));
        assertEquals(0, tape.slice(a, 6, 6).shape().elements());
    }

    @Test
    void aNameIsOneLeaf() {
        Value w = tape.parameter("w", 2, 3);
        assertSame(w, tape.parameter("w", 2, 3));
        refused("already there", () -> tape.constant("w", 2, 3));
        tape.input("ids", Element.INDEX, 3);
        refused("already there", () -> tape.input("ids", Element.REAL, 3));
    }

    @Test
    void onlyComputedValuesAreResults() {
        refused("is not computed", () -> tape.result(tape.parameter("w", 2, 3)));
        refused("is not computed", () -> tape.result(tape.view(tape.input("x", Element.REAL, 2, 3), 6)));
    }

    @Test
    void valuesOfAnotherTapeAreRefused() {
        Value foreign = new Tape().parameter("w", 4, 3);
        refused("is not on this tape", () -> Linear.record(tape, tape.input("x", Element.REAL, 2, 3), foreign, null));
    }

    /** Their gradients are written at once, so that one would be lost. */
    @Test
    void operandsThatShareStorageAreRefused() {
        Value a = tape.activation("a", Element.REAL, 4, 2, 3);
        Value query = tape.activation("query", Element.REAL, 4, 2, 3);
        refused("overlapping", () -> Attention.record(tape, query, a, a, 1));
        refused("overlapping", () -> Attention.record(tape, query, a, tape.view(a, 4, 2, 3), 1));
        Value gate = tape.activation("gate", Element.REAL, 6, 2);
        refused("overlapping", () -> SwiGlu.record(tape, tape.slice(gate, 0, 4), tape.slice(gate, 2, 6)));
        SwiGlu.record(tape, tape.slice(gate, 0, 3), tape.slice(gate, 3, 6));
    }

    @Test
    void rowsOfACacheHaveTheExtentsOfWhatIsWritten() {
        Value rows = tape.input("rows", Element.INDEX, 2);
        Value state = tape.state("keys", 9, 2, 6);
        refused(
                "scatterRows",
                () -> ScatterRows.record(tape, tape.activation("k", Element.REAL, 2, 3, 4), rows, state));
        ScatterRows.record(tape, tape.activation("k", Element.REAL, 2, 2, 6), rows, state);
    }
}
