package org.espalier.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.tape.Branch;

/**
 * Models in which all branches of one size are equally narrow, to measure what that saves.
 *
 * @param branch    kind of the branches
 * @param role      what their units are
 * @param units     of each set of a whole branch
 * @param layers    that have such a branch, and lose of it
 * @param kept      units of each set; 0 where the branches are left out
 * @param selection what goes
 */
record NarrowForms(Branch.Kind branch, Role role, int units, int layers, int kept, Selection selection) {

    private record Size(Role role, int units) {}

    /**
     * All that are to be measured, size by size, from wide to narrow.
     *
     * @param rounds what widths that are left are multiples of
     * @param levels widths of each size, the whole one included
     * @throws Failure if nothing may be narrowed, or branches may be left out whose units are not named
     */
    static List<NarrowForms> of(Structure structure, Candidates candidates, ToIntFunction<Units> rounds, int levels) {
        Map<Size, List<Units>> sizes = new LinkedHashMap<>();
        for (Units units : structure.units()) {
            if (candidates.allows(units) && units.perSet() > units.least()) {
                sizes.computeIfAbsent(new Size(units.group().role(), units.perSet()), size -> new ArrayList<>())
                        .add(units);
            }
        }
        requireUnits(candidates, sizes);
        List<NarrowForms> forms = new ArrayList<>();
        sizes.values().forEach(alike -> forms.addAll(of(structure, alike, candidates, rounds, levels)));
        return forms;
    }

    private static void requireUnits(Candidates candidates, Map<Size, List<Units>> sizes) {
        for (BlockScores.Kind kind : candidates.blocks()) {
            boolean named =
                    sizes.keySet().stream().anyMatch(size -> kind.kinds().equals(List.of(kind(size.role))));
            if (!named) {
                throw new Failure(
                        "whole branches (%s) are measured beside narrower ones".formatted(kind),
                        "units " + candidates.blocks(),
                        "give --units neurons with mlp, and query_heads or kv_heads with attention");
            }
        }
        if (sizes.isEmpty()) {
            throw new Failure("there is nothing to narrow", "--units", "name units that the model has several of");
        }
    }

    private static Branch.Kind kind(Role role) {
        return role.inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
    }

    private static List<NarrowForms> of(
            Structure structure, List<Units> alike, Candidates candidates, ToIntFunction<Units> rounds, int levels) {
        Units first = alike.getFirst();
        int perSet = first.perSet();
        int step = Math.max(1, rounds.applyAsInt(first) / gcd(rounds.applyAsInt(first), first.width()));
        TreeSet<Integer> widths = new TreeSet<>();
        for (int level = 1; level < levels; level++) {
            long even = Math.round((double) perSet * level / levels / step) * step;
            if (even >= first.least() && even < perSet) {
                widths.add((int) even);
            }
        }
        List<NarrowForms> forms = new ArrayList<>();
        for (int kept : widths.descendingSet()) {
            Selection selection = new Selection(structure);
            alike.forEach(units -> remove(selection, units, kept));
            forms.add(form(first, alike.size(), kept, selection));
        }
        Branch.Kind kind = kind(first.group().role());
        if (candidates.blocks().stream().anyMatch(block -> block.kinds().equals(List.of(kind)))) {
            forms.add(without(structure, alike, kind));
        }
        return forms;
    }

    private static NarrowForms form(Units like, int layers, int kept, Selection selection) {
        Role role = like.group().role();
        return new NarrowForms(kind(role), role, like.perSet(), layers, kept, selection);
    }

    /** One branch of the kind stays, without which there would be no such layer at all. */
    private static NarrowForms without(Structure structure, List<Units> alike, Branch.Kind kind) {
        Selection selection = new Selection(structure);
        int all = (int) structure.branches().stream()
                .filter(branch -> branch.kind() == kind)
                .count();
        List<Units> gone = alike.subList(alike.size() == all && all > 1 ? 1 : 0, alike.size());
        gone.forEach(
                units -> selection.remove(structure.branch(units.layer(), kind).orElseThrow()));
        return form(alike.getFirst(), gone.size(), 0, selection);
    }

    private static void remove(Selection selection, Units units, int kept) {
        for (int set = 0; set < units.sets(); set++) {
            int start = set * units.perSet();
            selection.remove(
                    units, IntStream.range(start + kept, start + units.perSet()).toArray());
        }
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
