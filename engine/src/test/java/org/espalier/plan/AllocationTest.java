package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.UnitScores;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.junit.jupiter.api.Test;

/** How groups share what is to be removed. */
class AllocationTest {

    /** Hidden 64; a key/value head with its two query heads carries 64 · (2 · 8 + 4 · 8) parameters, a neuron 3 · 64. */
    private static final ModelConfig CONFIG = RandomModel.config(64, 8, 2, new LayerConfig(8, 4, 40), true);

    private static final int PER_HEAD = 64 * (2 * 8 + 2 * 2 * 8);
    private static final int PER_NEURON = 64 * 3;

    private static Selection select(Scope scope, Normalise normalise, double ratio, int round, double... perParameter) {
        List<RemovalOrder> groups = Structure.of(new Transformer(CONFIG).shape()).units().stream()
                .filter(u -> u.group().role() == Role.HEADS || u.group().role() == Role.NEURONS)
                .map(u -> scored(u, perParameter))
                .map(u -> RemovalOrder.of(u, round, new Selection(Structure.of(new Transformer(CONFIG).shape()))))
                .toList();
        Selection whole = new Selection(Structure.of(new Transformer(CONFIG).shape()));
        return new Allocation(groups, whole, false).reach(Goal.ratio(whole, ratio), scope, normalise);
    }

    /** Rising scores, whose first is what a parameter of the group is worth times the parameters of a unit. */
    private static UnitScores scored(Units units, double[] perParameter) {
        boolean heads = units.group().role() == Role.HEADS;
        double worth = perParameter[2 * units.layer() + (heads ? 0 : 1)];
        double first = worth * (heads ? PER_HEAD : PER_NEURON);
        return new UnitScores(
                units,
                IntStream.range(0, units.count())
                        .mapToDouble(u -> first * (1 + 1e-3 * u))
                        .toArray());
    }

    private static int[] widths(Selection selection) {
        return PrunedConfig.of(CONFIG, selection).layers().stream()
                .flatMapToInt(l -> IntStream.of(l.kvHeads(), l.intermediate()))
                .toArray();
    }

    @Test
    void theUnitsCarryWhatTheTestSays() {
        Structure.of(new Transformer(CONFIG).shape()).units().forEach(u -> {
            if (u.group().role() == Role.HEADS) {
                assertEquals(PER_HEAD, u.group().parametersPerUnit());
            } else if (u.group().role() == Role.NEURONS) {
                assertEquals(PER_NEURON, u.group().parametersPerUnit());
            }
        });
    }

    /** What is worth least a parameter goes first, of whatever kind it is. */
    @Test
    void headsAndNeuronsCompeteFairly() {
        assertArrayEquals(
                new int[] {4, 40, 1, 40}, widths(select(Scope.GLOBAL, Normalise.PARAMETERS, 0.15, 1, 4, 3, 1, 2)));
        assertArrayEquals(
                new int[] {4, 40, 4, 11}, widths(select(Scope.GLOBAL, Normalise.PARAMETERS, 0.124, 1, 4, 3, 2, 1)));
    }

    /** Sums over more numbers are larger, so that heads never go while there are neurons. */
    @Test
    void withoutNormalisingNeuronsGoFirst() {
        int[] widths = widths(select(Scope.GLOBAL, Normalise.NONE, 0.15, 1, 4, 3, 1, 2));
        assertEquals(4, widths[0]);
        assertEquals(4, widths[2]);
        assertTrue(widths[3] < 40 && widths[3] >= 1, Arrays.toString(widths));
    }

    @Test
    void everyGroupLosesTheSameShare() {
        int[] widths = widths(select(Scope.LOCAL, Normalise.PARAMETERS, 0.4, 1, 4, 3, 1, 2));
        assertEquals(widths[0], widths[2]);
        assertEquals(widths[1], widths[3], 1);
        assertEquals(widths[0] / 4.0, widths[1] / 40.0, 0.25);
    }

    @Test
    void widthsThatAreLeftAreMultiples() {
        for (int round : new int[] {8, 16, 32}) {
            for (int width : widths(select(Scope.GLOBAL, Normalise.PARAMETERS, 0.06, round, 4, 3, 1, 2))) {
                boolean heads = width <= 4;
                assertTrue(width == 40 || (heads ? 8 * width : width) % round == 0, width + " at " + round);
            }
        }
    }

    @Test
    void whatCannotGoIsExplained() {
        String line = assertThrows(Failure.class, () -> select(Scope.LOCAL, Normalise.NONE, 0.95, 1, 1, 1, 1, 1))
                .oneLine();
        assertTrue(
                line.matches(
                        "only \\d+ of \\d+ parameters can be removed, not \\d+, because every layer that is to stay "
                                + "keeps a unit of each kind \\(ratio 0.95\\): use a smaller ratio or round width, "
                                + "or let more layers or kinds of units go"),
                line);
    }
}
