package org.espalier.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.plan.RemovalOrder.Removal;
import org.espalier.tape.Branch;

/** What every width of every branch costs, by a table of widths and the scores in whose order units go. */
final class WidthPrices {

    private final Structure structure;
    private final WidthTable table;
    /** In a fixed order, in which sums are made. */
    private final List<Priced> groups = new ArrayList<>();

    private record Priced(Units units, WidthCurve curve) {}

    /** @throws org.espalier.error.Failure if the table does not tell of something that was scored */
    WidthPrices(Structure structure, WidthTable table, Rankings rankings) {
        this.structure = structure;
        this.table = table;
        for (UnitScores scored : rankings.units()) {
            groups.add(new Priced(scored.units(), curve(scored)));
        }
    }

    private WidthCurve curve(UnitScores scored) {
        List<Removal> order =
                RemovalOrder.of(scored, 1, new Selection(structure)).all();
        double[] summed = new double[scored.units().perSet() + 1];
        int removed = 0;
        for (Removal one : order) {
            double each = Math.max(0, one.score()) / one.units();
            for (int unit = 0; unit < one.units(); unit++) {
                summed[removed + 1] = summed[removed] + each;
                removed++;
            }
        }
        WidthTable.Group group = table.of(scored.units());
        TreeMap<Integer, Double> measured = new TreeMap<>();
        group.widths().forEach(width -> measured.put(group.units() - width.kept(), width.divergence()));
        // A narrow branch does no more than one that is gone.
        branch(scored.units()).filter(table::has).ifPresent(branch -> measured.put(group.units(), table.of(branch)));
        return new WidthCurve(summed, measured);
    }

    /** The same removals, whose scores are by how much each raises the divergence. */
    RemovalOrder priced(Units units, RemovalOrder order) {
        WidthCurve curve = groups.stream()
                .filter(group -> group.units == units)
                .findFirst()
                .orElseThrow()
                .curve;
        List<Removal> priced = new ArrayList<>();
        int removed = 0;
        for (Removal one : order.all()) {
            double before = curve.at(removed);
            removed += one.units();
            priced.add(new Removal(one.units(), curve.at(removed) - before, one.parameters(), one.enter()));
        }
        return new RemovalOrder(order.name(), order.role(), order.width(), priced);
    }

    /** The branch that units are of. */
    private Optional<Branch> branch(Units units) {
        Branch.Kind kind = units.group().role().inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
        return structure.branch(units.layer(), kind);
    }

    /** What leaving a branch out costs. */
    double of(Branch branch) {
        double measured = table.of(branch);
        return groups.stream()
                .filter(group -> branch(group.units).filter(branch::equals).isPresent())
                .findFirst()
                .map(group -> group.curve.at(group.units.perSet()))
                .orElse(measured);
    }

    /** The sum of what each branch that a selection narrows does alone, in nats a token. */
    double of(Selection selection) {
        double sum = 0;
        for (Branch branch : structure.branches()) {
            sum += selection.removed(branch) && table.has(branch) ? of(branch) : 0;
        }
        for (Priced group : groups) {
            boolean gone = branch(group.units).filter(selection::removed).isPresent();
            int removed =
                    selection.removed(group.units).get(0, group.units.perSet()).cardinality();
            sum += gone ? 0 : group.curve.at(removed);
        }
        return sum;
    }
}
