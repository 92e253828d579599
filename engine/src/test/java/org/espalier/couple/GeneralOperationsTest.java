package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AttentionForm;
import org.espalier.couple.Group.Role;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.LayerNorm;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Multiply;
import org.espalier.tape.op.RmsNorm;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.Scale;
import org.espalier.tape.op.Split;
import org.junit.jupiter.api.Test;

/** The groups that small general operations leave, in layers as published families have them. */
class GeneralOperationsTest {

    private static final int TOKENS = 5;
    private static final int CHANNELS = 12;
    private static final int HEADS = 3;
    private static final int HEAD_DIM = 8;

    private final Tape tape = new Tape();
    private final Value positions;
    private final Value stream;

    GeneralOperationsTest() {
        tape.segment("all");
        Value ids = tape.input("ids", Element.INDEX, TOKENS);
        positions = tape.input("positions", Element.INDEX, TOKENS);
        Value embedded = Embedding.record(tape, ids, tape.parameter("table", 11, CHANNELS));
        stream = Scale.record(tape, embedded, 3);
    }

    private Group group(Role role) {
        List<Group> found =
                Groups.of(tape).groups().stream().filter(g -> g.role() == role).toList();
        assertEquals(1, found.size(), role + " in " + Groups.of(tape).groups());
        return found.getFirst();
    }

    private static Set<String> members(Group group) {
        return group.members().stream()
                .map(m -> m.tensor().name() + "/" + m.axis())
                .collect(Collectors.toSet());
    }

    private static List<Member.Run> runs(Group group, String tensor) {
        return group.members().stream()
                .filter(m -> m.tensor().name().equals(tensor))
                .findFirst()
                .orElseThrow()
                .runs();
    }

    private Value linear(Value x, String name, long out) {
        return Linear.record(tape, x, tape.parameter(name, out, x.shape().dim(1)), null);
    }

    private Value heads(Value x) {
        return tape.view(x, TOKENS, HEADS, x.shape().dim(1) / HEADS);
    }

    /** Of every head, as Qwen3 has it. */
    private Value headNorm(Value x, String name) {
        Value rows = tape.view(x, TOKENS * HEADS, HEAD_DIM);
        Value normed = RmsNorm.record(tape, rows, tape.parameter(name, HEAD_DIM), 1e-6);
        return tape.view(normed, TOKENS, HEADS, HEAD_DIM);
    }

    private Value rotary(Value x, int rotated) {
        return Rotary.record(tape, x, positions, tape.constant("angles", TOKENS, 2, rotated / 2), false);
    }

    private void attend(Value query, Value key, Value value) {
        Value out = Attention.record(tape, query, key, value, 0.3);
        Add.record(tape, stream, linear(tape.view(out, TOKENS, HEADS * HEAD_DIM), "o", CHANNELS), 1);
    }

    @Test
    void normalisedQueriesAndKeysShareTheirDimensions() {
        Value query = rotary(headNorm(heads(linear(stream, "q", HEADS * HEAD_DIM)), "q_norm"), HEAD_DIM);
        Value key = rotary(headNorm(heads(linear(stream, "k", HEADS * HEAD_DIM)), "k_norm"), HEAD_DIM);
        attend(query, key, heads(linear(stream, "v", HEADS * HEAD_DIM)));
        Group dimensions = group(Role.HEAD_DIMENSIONS);
        assertEquals(HEAD_DIM / 2, dimensions.units());
        assertTrue(dimensions.tied());
        assertTrue(dimensions.normalised());
        assertEquals(Set.of("q/0", "k/0", "q_norm/0", "k_norm/0", "angles/2"), members(dimensions));
        Group heads = group(Role.HEADS);
        assertEquals(Set.of("q/0", "k/0", "v/0", "o/1"), members(heads));
        assertFalse(heads.normalised());
        assertEquals(Set.of("v/0", "o/1"), members(group(Role.VALUE_DIMENSIONS)));
    }

    @Test
    void slopesGoWithTheirHeads() {
        Value slopes = tape.constant("slopes", HEADS);
        Value out = Attention.record(
                tape,
                heads(linear(stream, "q", HEADS * HEAD_DIM)),
                heads(linear(stream, "k", HEADS * HEAD_DIM)),
                heads(linear(stream, "v", HEADS * HEAD_DIM)),
                slopes,
                AttentionForm.plain(1));
        Add.record(tape, stream, linear(tape.view(out, TOKENS, HEADS * HEAD_DIM), "o", CHANNELS), 1);
        assertEquals(Set.of("q/0", "k/0", "v/0", "o/1", "slopes/0"), members(group(Role.HEADS)));
    }

    @Test
    void partsOfAFusedProjectionLoseTheSameHeads() {
        long width = HEADS * HEAD_DIM;
        List<Value> parts = Split.record(tape, linear(stream, "qkv", 3 * width), width, width, width);
        attend(heads(parts.get(0)), heads(parts.get(1)), heads(parts.get(2)));
        assertEquals(
                List.of(run(0, HEAD_DIM), run(width, HEAD_DIM), run(2 * width, HEAD_DIM)),
                runs(group(Role.HEADS), "qkv"));
    }

    private static Member.Run run(long offset, long stride) {
        return new Member.Run(offset, 1, HEADS * stride, stride);
    }

    /** As BLOOM and GPT-NeoX have it. */
    @Test
    void partsOfEveryHeadAreItsOwn() {
        Value fused = linear(stream, "qkv", HEADS * 3 * HEAD_DIM);
        Value rows = tape.view(fused, TOKENS * HEADS, 3 * HEAD_DIM);
        List<Value> parts = Split.record(tape, rows, HEAD_DIM, HEAD_DIM, HEAD_DIM).stream()
                .map(part -> tape.view(part, TOKENS, HEADS, HEAD_DIM))
                .toList();
        attend(parts.get(0), parts.get(1), parts.get(2));
        Group heads = group(Role.HEADS);
        assertEquals(List.of(run(0, 3 * HEAD_DIM)), runs(heads, "qkv"));
        assertEquals(Set.of("qkv/0", "o/1"), members(heads));
        assertEquals(HEAD_DIM, group(Role.HEAD_DIMENSIONS).units());
        assertEquals(HEAD_DIM, group(Role.VALUE_DIMENSIONS).units());
    }

    @Test
    void whatIsNotRotatedIsFreeOfItsPair() {
        int rotated = 6;
        Value query = rotary(heads(linear(stream, "q", HEADS * HEAD_DIM)), rotated);
        Value key = rotary(heads(linear(stream, "k", HEADS * HEAD_DIM)), rotated);
        attend(query, key, heads(linear(stream, "v", HEADS * HEAD_DIM)));
        List<Group> dimensions = Groups.of(tape).groups().stream()
                .filter(g -> g.role() == Role.HEAD_DIMENSIONS)
                .toList();
        assertEquals(2, dimensions.size());
        assertEquals(rotated / 2, dimensions.get(0).units());
        assertTrue(dimensions.get(0).tied());
        assertEquals(Set.of("q/0", "k/0", "angles/2"), members(dimensions.get(0)));
        assertEquals(HEAD_DIM - rotated, dimensions.get(1).units());
        assertFalse(dimensions.get(1).tied());
        assertEquals(Set.of("q/0", "k/0"), members(dimensions.get(1)));
        assertEquals(HEADS, group(Role.HEADS).units());
    }

    /** Layer normalisation of the stream; gate and up are parts of one product. */
    @Test
    void gatedNeuronsOfAFusedProjection() {
        int neurons = 7;
        Value normed = LayerNorm.record(
                tape, stream, tape.parameter("norm", CHANNELS), tape.parameter("norm_bias", CHANNELS), 1e-5);
        List<Value> parts = Split.record(tape, linear(normed, "gate_up", 2L * neurons), neurons, neurons);
        Value gated =
                Multiply.record(tape, Activation.record(tape, ActivationFunction.GELU, parts.get(0)), parts.get(1));
        Add.record(tape, stream, linear(gated, "down", CHANNELS), 1);
        Group cells = group(Role.NEURONS);
        assertEquals(neurons, cells.units());
        assertEquals(Set.of("gate_up/0", "down/1"), members(cells));
        assertEquals(
                List.of(new Member.Run(0, 1, neurons, 1), new Member.Run(neurons, 1, neurons, 1)),
                runs(cells, "gate_up"));
        Group channels = group(Role.CHANNELS);
        assertEquals(Set.of("table/1", "norm/0", "norm_bias/0", "gate_up/1", "down/0"), members(channels));
    }
}
