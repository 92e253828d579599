package org.espalier.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.importance.UnitScores;
import org.espalier.tape.Branch;

/**
 * A width of a branch that is to be measured.
 *
 * @param branch    that is narrowed
 * @param units     that go; null where the branch does
 * @param kept      units of each set; 0 where the branch is left out whole
 * @param selection what goes
 */
public record WidthProbe(Branch branch, Units units, int kept, Selection selection) {

    /**
     * The widths to be measured of everything that may go, branch by branch, from wide to narrow.
     *
     * @param levels widths of each group, evenly between all of it and nothing
     * @throws Failure if something may go that a table of widths cannot tell of
     */
    public static List<WidthProbe> of(Structure structure, Rankings rankings, Candidates candidates, int levels) {
        require(candidates);
        List<WidthProbe> probes = new ArrayList<>();
        for (UnitScores scored : rankings.units()) {
            probes.addAll(of(structure, scored, levels));
        }
        for (BlockScores blocks : rankings.blocks()) {
            for (int layer : blocks.layers()) {
                Selection without = new Selection(structure);
                blocks.remove(layer, without);
                Branch branch = blocks.kind().branches(structure, layer).getFirst();
                probes.add(new WidthProbe(branch, null, 0, without));
            }
        }
        probes.sort(Comparator.<WidthProbe>comparingInt(probe -> probe.branch.index())
                .thenComparingInt(probe -> -probe.kept));
        return probes;
    }

    private static List<WidthProbe> of(Structure structure, UnitScores scored, int levels) {
        Units units = scored.units();
        RemovalOrder order = RemovalOrder.of(scored, 1, new Selection(structure));
        int most = order.removable().size();
        Set<Integer> removed = new TreeSet<>();
        for (int level = 1; level <= levels && most > 0; level++) {
            removed.add(Math.clamp(Math.round((double) units.perSet() * level / (levels + 1)), 1, most));
        }
        List<WidthProbe> probes = new ArrayList<>();
        for (int count : removed) {
            Selection selection = new Selection(structure);
            order.all().subList(0, count).forEach(one -> one.enter().accept(selection));
            probes.add(new WidthProbe(branch(structure, units), units, units.perSet() - count, selection));
        }
        return probes;
    }

    private static Branch branch(Structure structure, Units units) {
        Branch.Kind kind = units.group().role().inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
        return structure
                .branch(units.layer(), kind)
                .orElseThrow(() -> new Failure(
                        "what narrowing " + units.group().name() + " does cannot be measured",
                        "its layer has no " + kind,
                        "leave it out of --units"));
    }

    /**
     * Refuses what a table of widths cannot tell of.
     *
     * @throws Failure if channels, whole layers, or two kinds of units of the same branch may go
     */
    static void require(Candidates candidates) {
        Set<Role> roles = new HashSet<>(candidates.roles());
        boolean twice = roles.containsAll(Set.of(Role.HEADS, Role.QUERY_HEADS))
                || roles.containsAll(Set.of(Role.NEURONS, Role.EXPERTS));
        if (twice || roles.contains(Role.CHANNELS) || candidates.blocks().contains(BlockScores.Kind.LAYERS)) {
            throw new Failure(
                    twice
                            ? "a branch has one width, which is of one kind of units"
                            : "channels and whole layers have no width of their own",
                    "units " + candidates.roles().stream().map(ScoresFile::name).toList(),
                    "give --units neurons or experts, with query_heads or kv_heads, with attention and mlp");
        }
    }
}
