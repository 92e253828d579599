package org.espalier.importance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Units;

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
        /** Entry {@code j} meets entry {@code j mod n} of the shortest member: LLM-Pruner's, wrong for grouped queries. */
        LLM_PRUNER
    }

    /**
     * Lays the members beside each other, entry by entry of the shortest, aggregates over the members, and sums each unit's
     * entries.
     */
    public static UnitScores of(Units units, AxisScores scores, Aggregate aggregate, Alignment alignment) {
        double[][] members = members(units, scores, aggregate, alignment);
        double[] totals = new double[units.count()];
        double[] column = new double[members.length];
        int width = members[0].length / totals.length;
        for (int entry = 0; entry < members[0].length; entry++) {
            for (int m = 0; m < column.length; m++) {
                column[m] = members[m][entry];
            }
            totals[entry / width] += aggregate.of(column);
        }
        return new UnitScores(units, totals);
    }

    /**
     * Scores of a group whose entries compete with those of other groups: of each member that reads the units, the scores of
     * its columns less their mean, over their standard deviation; averaged over the members and over a unit's entries. As
     * FLAP does it, columns that read attention heads are squared before.
     */
    public static UnitScores standardised(Units units, AxisScores scores) {
        double[] totals = new double[units.count()];
        List<List<Member>> readers = units.alike().stream()
                .filter(alike -> alike.getFirst().axis() == 1 && alike.stream().allMatch(scores::has))
                .toList();
        for (List<Member> alike : readers) {
            double[][] entries = byUnit(units, alike, scores, width(units, alike));
            if (units.group().role() == Role.HEADS || units.group().role() == Role.QUERY_HEADS) {
                replaceAll(entries, s -> s * s);
            }
            standardise(entries);
            for (int unit = 0; unit < totals.length; unit++) {
                totals[unit] += Arrays.stream(entries[unit]).average().orElseThrow() / readers.size();
            }
        }
        return new UnitScores(units, totals);
    }

    /**
     * Scores of each member, laid beside each other entry by entry.
     *
     * @return {@code [members, units · entries of a unit]}
     */
    public static double[][] members(Units units, AxisScores scores, Aggregate aggregate, Alignment alignment) {
        List<List<Member>> scored = units.alike().stream()
                .filter(alike -> alike.stream().allMatch(scores::has))
                .toList();
        // The last is the one that is executed last, whatever the order of the walk.
        List<List<Member>> members = aggregate == Aggregate.LAST ? scored : walkOrder(units, scored);
        int width = members.stream().mapToInt(m -> width(units, m)).min().orElseThrow();
        double[][] aligned = new double[members.size()][];
        for (int m = 0; m < aligned.length; m++) {
            double[][] laid = alignment == Alignment.BY_UNIT
                    ? byUnit(units, members.get(m), scores, width)
                    : byPosition(units, members.get(m), scores, width);
            aligned[m] = Arrays.stream(laid).flatMapToDouble(Arrays::stream).toArray();
        }
        return aligned;
    }

    /**
     * The order in which LLM-Pruner's walk meets the members of heads: the projection it starts from (the first of the
     * shortest: queries, or keys where queries are grouped), the one that reads the heads, the others backwards.
     */
    private static List<List<Member>> walkOrder(Units units, List<List<Member>> members) {
        if (units.group().role() != Role.HEADS) {
            return members;
        }
        List<Member> root = members.stream()
                .min(Comparator.comparingInt(m -> width(units, m)))
                .orElseThrow();
        List<List<Member>> order = new ArrayList<>(List.of(root));
        members.stream().filter(m -> m.getFirst().axis() == 1).forEach(order::add);
        members.reversed().stream()
                .filter(m -> m.getFirst().axis() == 0 && m != root)
                .forEach(order::add);
        return order;
    }

    /** Entries of one unit in members that have the same part of different units. */
    private static int width(Units units, List<Member> alike) {
        return alike.stream()
                .mapToInt(member -> units.entries(member, 0).length)
                .max()
                .orElseThrow();
    }

    private static void standardise(double[][] entries) {
        double mean =
                Arrays.stream(entries).flatMapToDouble(Arrays::stream).average().orElseThrow();
        double squares = Arrays.stream(entries)
                .flatMapToDouble(Arrays::stream)
                .map(s -> (s - mean) * (s - mean))
                .sum();
        long count = Arrays.stream(entries).mapToLong(e -> e.length).sum();
        double deviation = Math.sqrt(squares / Math.max(1, count - 1));
        replaceAll(entries, s -> deviation == 0 ? 0 : (s - mean) / deviation);
    }

    private static void replaceAll(double[][] entries, DoubleUnaryOperator change) {
        for (double[] row : entries) {
            Arrays.setAll(row, i -> change.applyAsDouble(row[i]));
        }
    }

    private static double[][] byUnit(Units units, List<Member> alike, AxisScores scores, int width) {
        double[][] aligned = new double[units.count()][width];
        for (Member member : alike) {
            double[] along = scores.along(member);
            for (int unit = 0; unit < aligned.length; unit++) {
                long[] entries = units.entries(member, unit);
                for (int i = 0; i < entries.length; i++) {
                    aligned[unit][i % width] += along[(int) entries[i]];
                }
            }
        }
        return aligned;
    }

    /** Tensors of different experts cannot be laid beside each other otherwise than by unit. */
    private static double[][] byPosition(Units units, List<Member> alike, AxisScores scores, int width) {
        if (alike.getFirst().only() >= 0) {
            return byUnit(units, alike, scores, width);
        }
        double[] along = scores.along(alike.getFirst());
        double[][] aligned = new double[units.count()][width];
        for (int j = 0; j < along.length; j++) {
            int at = j % (units.count() * width);
            aligned[at / width][at % width] += along[j];
        }
        return aligned;
    }
}
