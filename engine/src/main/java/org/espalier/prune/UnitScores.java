package org.espalier.prune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;

/**
 * Scores of the units of one group.
 *
 * @param units  the units
 * @param scores one for each
 */
public record UnitScores(Units units, double[] scores) {

    /** How entries of members of different lengths are laid beside each other. */
    public enum Alignment {
        /** An entry meets the entries of its own unit. */
        BY_UNIT,
        /** Entry {@code j} meets entry {@code j mod n} of the shortest member, as LLM-Pruner does: wrong for grouped queries. */
        LLM_PRUNER
    }

    /**
     * Lays the members beside each other, entry by entry of the shortest, aggregates over the members, and sums each unit's
     * entries.
     */
    public static UnitScores of(Units units, AxisScores scores, Aggregate aggregate, Alignment alignment) {
        List<Member> scored = units.members().stream().filter(m -> scores.has(m.tensor().name())).toList();
        List<Member> members = alignment == Alignment.BY_UNIT ? scored : walkOrder(units, scored);
        int width = members.stream().mapToInt(m -> units.entries(m, 0).length).min().orElseThrow();
        double[][][] aligned = new double[members.size()][][];
        for (int m = 0; m < aligned.length; m++) {
            aligned[m] = alignment == Alignment.BY_UNIT ? byUnit(units, members.get(m), scores, width)
                    : byPosition(units, members.get(m), scores, width);
        }
        double[] totals = new double[units.count()];
        double[] column = new double[members.size()];
        for (int unit = 0; unit < totals.length; unit++) {
            for (int entry = 0; entry < width; entry++) {
                for (int m = 0; m < column.length; m++) {
                    column[m] = aligned[m][unit][entry];
                }
                totals[unit] += aggregate.of(column);
            }
        }
        return new UnitScores(units, totals);
    }

    /**
     * The order in which LLM-Pruner's walk meets the members of heads: the projection it starts from (the first of the
     * shortest: queries, or keys where queries are grouped), the one that reads the heads, the others backwards.
     */
    private static List<Member> walkOrder(Units units, List<Member> members) {
        if (units.group().role() != Role.HEADS) {
            return members;
        }
        Member root = members.stream().min(Comparator.comparingInt(m -> units.entries(m, 0).length)).orElseThrow();
        List<Member> order = new ArrayList<>(List.of(root));
        members.stream().filter(m -> m.axis() == 1).forEach(order::add);
        members.reversed().stream().filter(m -> m.axis() == 0 && m != root).forEach(order::add);
        return order;
    }

    private static double[][] byUnit(Units units, Member member, AxisScores scores, int width) {
        double[] along = scores.along(member);
        double[][] aligned = new double[units.count()][width];
        for (int unit = 0; unit < aligned.length; unit++) {
            long[] entries = units.entries(member, unit);
            for (int i = 0; i < entries.length; i++) {
                aligned[unit][i % width] += along[(int) entries[i]];
            }
        }
        return aligned;
    }

    private static double[][] byPosition(Units units, Member member, AxisScores scores, int width) {
        double[] along = scores.along(member);
        double[][] aligned = new double[units.count()][width];
        for (int j = 0; j < along.length; j++) {
            int at = j % (units.count() * width);
            aligned[at / width][at % width] += along[j];
        }
        return aligned;
    }
}
