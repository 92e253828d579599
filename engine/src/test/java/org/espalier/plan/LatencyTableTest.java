package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.LatencyTable.Group;
import org.espalier.plan.LatencyTable.Times;
import org.espalier.plan.LatencyTable.Use;
import org.espalier.plan.LatencyTable.Width;
import org.espalier.tape.Branch;
import org.junit.jupiter.api.Test;

/** What a selection leaves of the time, by a table. */
class LatencyTableTest {

    private static final ModelConfig CONFIG = RandomModel.config(32, 8, 3, new LayerConfig(8, 2, 40), true);
    private static final Structure STRUCTURE = Structure.of(new Transformer(CONFIG).shape());

    private static LatencyTable table(List<Width> neurons, List<Width> heads) {
        return new LatencyTable(
                1,
                new ScoresFile.Source("model", "0f", 100),
                new LatencyTable.Machine("cpu", "some", 2),
                new LatencyTable.Protocol(64, 16, 3, 42),
                new Times(5000.0, 100.0),
                List.of(
                        new Group("mlp", "neurons", 40, 3, neurons),
                        new Group("attention", "query_heads", 4, 3, heads)));
    }

    private static Width width(int kept, double prefill, double decode) {
        return new Width(kept, new Times(prefill, decode));
    }

    private static final LatencyTable TABLE =
            table(List.of(width(30, 100, 2), width(20, 300, 4), width(0, 900, 12)), List.of(width(2, 50, 1)));

    private static Selection without(Role role, int layer, int gone) {
        Selection selection = new Selection(STRUCTURE);
        Units units = STRUCTURE.units(layer, role).orElseThrow();
        for (int set = 0; set < units.sets(); set++) {
            int start = set * units.perSet();
            selection.remove(units, IntStream.range(start, start + gone).toArray());
        }
        return selection;
    }

    private static double saved(Selection selection, Use use) {
        return TABLE.microseconds(new Selection(STRUCTURE), use) - TABLE.microseconds(selection, use);
    }

    @Test
    void betweenMeasuredWidthsItIsAStraightLine() {
        assertEquals(100, saved(without(Role.NEURONS, 1, 10), Use.PREFILL), 1e-9);
        assertEquals(50, saved(without(Role.NEURONS, 1, 5), Use.PREFILL), 1e-9);
        assertEquals(200, saved(without(Role.NEURONS, 0, 15), Use.PREFILL), 1e-9);
        assertEquals(500, saved(without(Role.NEURONS, 0, 30), Use.PREFILL), 1e-9, "beyond as between the last two");
        assertEquals(6, saved(without(Role.NEURONS, 0, 30), Use.DECODE), 1e-9);
        assertEquals(500 + 16 * 6, saved(without(Role.NEURONS, 0, 30), new Use(64, 16, true)), 1e-9);
        assertEquals(1.5, saved(without(Role.QUERY_HEADS, 2, 3), Use.DECODE), 1e-9);
    }

    @Test
    void branchesAddUp() {
        Selection selection = without(Role.NEURONS, 0, 10);
        selection.remove(
                STRUCTURE.units(1, Role.NEURONS).orElseThrow(),
                IntStream.range(0, 20).toArray());
        selection.remove(STRUCTURE.branch(2, Branch.Kind.MLP).orElseThrow());
        assertEquals(100 + 300 + 900, saved(selection, Use.PREFILL), 1e-9);
        selection.remove(STRUCTURE.units(2, Role.NEURONS).orElseThrow(), 4);
        assertEquals(1300, saved(selection, Use.PREFILL), 1e-9, "what is gone cannot be narrowed");
    }

    @Test
    void whatWasNotMeasuredIsNotGuessed() {
        Selection attention = new Selection(STRUCTURE);
        attention.remove(STRUCTURE.branch(0, Branch.Kind.ATTENTION).orElseThrow());
        assertMissing("the whole attention of layer 0", attention);
        Selection keys = new Selection(STRUCTURE);
        keys.remove(STRUCTURE.units(0, Role.HEADS).orElseThrow(), 1);
        assertMissing("heads of layer 0", keys);
        Selection channels = new Selection(STRUCTURE);
        channels.remove(STRUCTURE.units(-1, Role.CHANNELS).orElseThrow(), 1);
        assertMissing("channels of layer -1", channels);
        assertTrue(assertThrows(Failure.class, () -> TABLE.require(new Use(64, 17, true), "l.json"))
                .oneLine()
                .startsWith("the table of latencies is of 64 tokens read and 16 written, not of 64+17 (l.json)"));
        TABLE.require(new Use(64, 16, true), "l.json");
    }

    private static void assertMissing(String what, Selection selection) {
        String line = assertThrows(Failure.class, () -> TABLE.microseconds(selection, Use.DECODE))
                .oneLine();
        assertTrue(line.startsWith("the table of latencies has nothing of " + what + " ("), line);
    }

    /** Noise says that a narrower branch takes longer. */
    @Test
    void narrowerTakesNoLonger() {
        assertArrayEquals(new double[] {0, 2, 2, 5}, Rising.of(new double[] {-3, 3, 1, 5}));
        assertArrayEquals(new double[] {0, 0}, Rising.of(new double[] {1, -2}));
        assertArrayEquals(new double[0], Rising.of(new double[0]));
        for (int seed = 0; seed < 50; seed++) {
            double[] noise = new Random(seed).doubles(7, -1, 3).toArray();
            List<Width> widths = IntStream.range(0, 7)
                    .mapToObj(i -> width(36 - 5 * i, noise[i], noise[i]))
                    .toList();
            LatencyTable table = table(widths, List.of());
            double before = 100;
            for (int gone = 1; gone < 40; gone++) {
                double now = table.microseconds(without(Role.NEURONS, 0, gone), Use.DECODE);
                assertTrue(now <= before + 1e-9, "seed " + seed);
                before = now;
            }
        }
    }
}
