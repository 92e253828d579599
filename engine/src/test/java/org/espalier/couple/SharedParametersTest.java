package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.espalier.backend.ActivationFunction;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tape.op.Rotary;
import org.junit.jupiter.api.Test;

/** Parameters used more than once, and views of views, on tapes by hand. */
class SharedParametersTest {

    private static final int TOKENS = 3;

    private final Tape tape = new Tape();
    private final Value stream;

    SharedParametersTest() {
        tape.segment("all");
        Value ids = tape.input("ids", Element.INDEX, TOKENS);
        stream = RmsNorm.record(
                tape, Embedding.record(tape, ids, tape.parameter("table", 11, 6)), tape.parameter("norm", 6), 1e-5);
    }

    private List<String> described() {
        return Groups.of(tape).groups().stream()
                .map(g -> g.role() + " " + g.units() + " of " + g.parametersPerUnit())
                .toList();
    }

    @Test
    void aMatrixUpAndTransposedDown() {
        Value w = tape.parameter("w", 8, 6);
        Value hidden = Activation.record(tape, ActivationFunction.GELU, Linear.record(tape, stream, w, null));
        Add.record(tape, stream, Linear.record(tape, hidden, HostOps.transpose(tape, w, 1, 0), null), 1);
        assertEquals(List.of("CHANNELS 6 of " + (11 + 1 + 8), "NEURONS 8 of 6"), described());
    }

    /** Both axes are the residual stream: where a row and a column cross counts once. */
    @Test
    void aSquareMatrixAppliedTwice() {
        Value w = tape.parameter("w", 6, 6);
        Value once = Linear.record(tape, stream, w, tape.parameter("b", 6));
        Add.record(tape, once, Linear.record(tape, once, w, null), 1);
        assertEquals(List.of("CHANNELS 6 of " + (11 + 1 + 1 + 2 * 6 - 1)), described());
    }

    @Test
    void aSquareMatrixBetweenTwoOthersIsNotTheStream() {
        Value inner = Activation.record(
                tape, ActivationFunction.GELU, Linear.record(tape, stream, tape.parameter("w", 6, 6), null));
        Add.record(tape, stream, Linear.record(tape, inner, tape.parameter("v", 6, 6), null), 1);
        assertEquals(List.of("CHANNELS 6 of " + (11 + 1 + 6 + 6), "NEURONS 6 of 12"), described());
    }

    @Test
    void keysThatAreValues() {
        Value w = tape.parameter("kv", 2 * 4, 6);
        Value positions = tape.input("positions", Element.INDEX, TOKENS);
        Value angles = tape.constant("angles", TOKENS, 2, 2);
        Value query = tape.view(Linear.record(tape, stream, tape.parameter("q", 6 * 4, 6), null), TOKENS, 6, 4);
        Value key = tape.view(Linear.record(tape, stream, w, null), TOKENS, 2, 4);
        Value value = tape.view(Linear.record(tape, stream, w, null), TOKENS, 2, 4);
        Value out = Attention.record(
                tape,
                Rotary.record(tape, query, positions, angles, false),
                Rotary.record(tape, key, positions, angles, false),
                value,
                1);
        Linear.record(tape, tape.view(out, TOKENS, 24), tape.parameter("o", 6, 24), null);
        assertEquals(
                List.of(
                        "CHANNELS 6 of " + (11 + 1 + 24 + 8),
                        "HEADS 2 of " + (4 * 6 + 2 * 3 * 4 * 6),
                        "HEAD_DIMENSIONS 2 of " + 2 * 6 * (2 + 6 + 6),
                        "QUERY_HEADS 3 of " + 2 * 2 * 4 * 6,
                        "NEURONS 6 of 24"),
                described());
    }

    /** The heads of one use are the dimensions of the other: both divisions hold. */
    @Test
    void aMatrixReadAsHeadsOfDifferentSizes() {
        Value y = Linear.record(tape, stream, tape.parameter("w", 4 * 6, 6), null);
        Value wide = Activation.record(tape, ActivationFunction.GELU, tape.view(y, TOKENS, 2, 12));
        Value narrow = Activation.record(tape, ActivationFunction.GELU, tape.view(y, TOKENS, 8, 3));
        assertEquals(wide.shape().elements(), narrow.shape().elements());
        assertEquals(
                List.of(
                        "CHANNELS 6 of " + (11 + 1 + 24),
                        "NEURONS 2 of " + 12 * 6,
                        "NEURONS 4 of " + 6 * 6,
                        "NEURONS 3 of " + 8 * 6),
                described());
    }

    @Test
    void divisionsThatExcludeEachOtherFreezeAndSayWhy() {
        Value y = Linear.record(tape, stream, tape.parameter("w", 24, 6), null);
        Activation.record(tape, ActivationFunction.GELU, tape.view(y, TOKENS, 3, 8));
        Activation.record(tape, ActivationFunction.GELU, tape.view(y, TOKENS, 4, 6));
        assertEquals(List.of("CHANNELS 6 of " + (11 + 1 + 24)), described());
        assertTrue(Groups.of(tape).frozen().stream()
                .anyMatch(f ->
                        f.tensor().name().equals("w") && f.whole() && f.reason().contains("do not divide")));
    }

    /** Rows 4 to 8 of the second of two parts: whatever goes there goes from the first part as well, or no view is left. */
    @Test
    void viewsOfSlicesOfViews() {
        Value w = tape.parameter("w", 24, 6);
        Value part = tape.slice(tape.view(w, 2, 12, 6), 1, 2);
        Activation.record(
                tape,
                ActivationFunction.GELU,
                Linear.record(tape, stream, tape.slice(tape.view(part, 12, 6), 4, 8), null));
        assertEquals(
                List.of("CHANNELS 6 of " + (11 + 1 + 24), "NEURONS 4 of 12", "NEURONS 4 of 12", "NEURONS 4 of 12"),
                described());
        Member middle = Groups.of(tape).groups().get(2).members().getFirst();
        assertEquals(List.of(new Member.Run(4, 2, 12, 1)), middle.runs());
    }

    @Test
    void anAxisOfPairsOfTheSameUnitsIsFrozen() {
        Value y = tape.view(Linear.record(tape, stream, tape.parameter("w", 9, 6), null), TOKENS, 3, 3);
        Add.record(tape, y, HostOps.transpose(tape, y, 0, 2, 1), 1);
        assertEquals(List.of("CHANNELS 6 of " + (11 + 1 + 9)), described());
        assertTrue(Groups.of(tape).frozen().stream()
                .anyMatch(f -> f.tensor().name().equals("w") && f.reason().equals("an axis runs through it twice")));
    }
}
