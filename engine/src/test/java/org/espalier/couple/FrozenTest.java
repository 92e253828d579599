package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Groups.Frozen;
import org.espalier.couple.Sizes.Block;
import org.espalier.couple.Style.Gate;
import org.espalier.couple.Style.Option;
import org.espalier.couple.Style.Projections;
import org.espalier.couple.Style.Rotation;
import org.espalier.tape.Element;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Linear;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cannot be removed, and that the groups say why. */
class FrozenTest {

    private static final String NOTHING_SAID = "opaque says nothing about it";
    private static final Style PLAIN = Style.of(Projections.SEPARATE, Gate.SEPARATE, Rotation.HALVES);
    private static final Sizes SIZES = new Sizes(6, 2, List.of(new Block(2, 3, 0, 4, 5), new Block(2, 3, 0, 4, 5)));

    private static Groups groups(Style style) {
        return Groups.of(new TestTransformer(style, SIZES, Map.of()).tape);
    }

    private static Set<String> because(Groups groups, String reason) {
        return groups.frozen().stream()
                .filter(f -> f.reason().equals(reason))
                .map(f -> f.tensor().name() + " " + f.axis() + (f.whole() ? "" : " in part"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @CsvSource({
        "OPAQUE_NEURONS, NEURONS",
        "OPAQUE_QUERIES, HEADS QUERY_HEADS HEAD_DIMENSIONS",
        "OPAQUE_VALUES, HEADS VALUE_DIMENSIONS",
        "OPAQUE_STREAM, CHANNELS"
    })
    void whatAnOperationSaysNothingAboutStaysWhole(Option where, String roles) {
        Set<Role> gone = EnumSet.noneOf(Role.class);
        List.of(roles.split(" ")).forEach(r -> gone.add(Role.valueOf(r)));
        List<String> expected = groups(PLAIN).groups().stream()
                .filter(g -> !gone.contains(g.role()))
                .map(FrozenTest::describe)
                .toList();
        Groups found = groups(PLAIN.with(where));
        assertEquals(expected, found.groups().stream().map(FrozenTest::describe).toList());
        Set<String> members = groups(PLAIN).groups().stream()
                .filter(g -> gone.contains(g.role()))
                .flatMap(g -> g.parameters().stream())
                .map(m -> m.tensor().name() + " " + m.axis())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(
                members,
                because(found, NOTHING_SAID).stream()
                        .map(s -> s.replace(" in part", ""))
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private static String describe(Group group) {
        return group.name() + " " + group.units() + " " + group.parametersPerUnit();
    }

    @Test
    void anAxisOfWhichAPartIsFreeIsFrozenInPart() {
        Groups found = groups(PLAIN.with(Option.OPAQUE_VALUES));
        assertEquals(
                Set.of(
                        "h.0.attn.k.weight 0 in part",
                        "h.0.attn.o.weight 1 in part",
                        "h.0.attn.q.weight 0 in part",
                        "h.0.attn.v.weight 0",
                        "h.1.attn.k.weight 0 in part",
                        "h.1.attn.o.weight 1 in part",
                        "h.1.attn.q.weight 0 in part",
                        "h.1.attn.v.weight 0"),
                because(found, NOTHING_SAID));
        assertEquals(
                Set.of(
                        "h.0.attn.k.weight 0 in part",
                        "h.0.attn.q.weight 0 in part",
                        "h.1.attn.k.weight 0 in part",
                        "h.1.attn.q.weight 0 in part"),
                because(found, "the two halves of a rotation"));
    }

    @Test
    void whatTheTapeTakesAndGivesStaysWhole() {
        Groups found = groups(PLAIN);
        assertEquals(Set.of("head.weight 0"), because(found, "a result"));
        assertEquals(Set.of("wte.weight 0"), because(found, "the vocabulary is the tokenizer's"));
        Tape tape = new Tape();
        tape.segment("all");
        Value x = tape.input("x", Element.REAL, 2, 3);
        Value hidden = Linear.record(tape, x, tape.parameter("a", 4, 3), null);
        tape.result(Linear.record(tape, hidden, tape.parameter("b", 5, 4), null));
        assertEquals(Set.of("a 1"), because(Groups.of(tape), "an input"));
        assertEquals(Set.of("b 0"), because(Groups.of(tape), "a result"));
        assertEquals(
                List.of(4L), Groups.of(tape).groups().stream().map(Group::units).toList());
    }

    @Test
    void aParameterThatNothingUsesIsNoGroup() {
        Tape tape = new Tape();
        tape.segment("all");
        Value unused = tape.parameter("unused", 4, 3);
        tape.view(unused, 12);
        Groups found = Groups.of(tape);
        assertEquals(List.of(), found.groups());
        assertEquals(
                List.of(
                        new Frozen(unused, 0, 4, true, "no operation uses it"),
                        new Frozen(unused, 1, 3, true, "no operation uses it")),
                found.frozen());
    }

    /** An operation that states something of one axis and nothing of another, which others have stated things of before. */
    @Test
    void onlyTheAxesThatEachOperationStatesAreFree() {
        Tape tape = new Tape();
        tape.segment("all");
        Value x = tape.input("x", Element.REAL, 2, 3);
        Value y = Linear.record(tape, x, tape.parameter("a", 4 * 5, 3), null);
        Value heads = tape.view(y, 2, 4, 5);
        Value out = tape.activation("out", Element.REAL, 2, 4, 5);
        tape.record(new HostOp(
                "half-said", List.of(heads), List.of(out), (in, numbers, extents) -> numbers, (c, in, to) -> {
                    c.same(c.axis(heads, 0), c.axis(out, 0));
                    c.same(c.axis(heads, 1), c.axis(out, 1));
                }));
        Groups found = Groups.of(tape);
        assertEquals(List.of(4L), found.groups().stream().map(Group::units).toList());
        assertEquals(Set.of("a 0 in part"), because(found, "half-said says nothing about it"));
        assertTrue(found.frozen().contains(new Frozen(tape.leaf("a"), 0, 5, false, "half-said says nothing about it")));
    }
}
