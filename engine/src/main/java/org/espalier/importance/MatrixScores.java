package org.espalier.importance;

import java.util.ArrayList;
import java.util.List;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.couple.Units;
import org.espalier.error.Failure;

/**
 * Scores of the units of a group of which every matrix chooses its own, as if they did not depend on each other.
 *
 * @param units   of the group
 * @param choices of its matrices
 */
public record MatrixScores(Units units, List<Choice> choices) {

    /**
     * What chooses as one: a matrix, and the bias recorded after it, which has no score.
     *
     * @param members axes that shrink by this choice
     * @param scores  of the units, by this matrix alone
     */
    public record Choice(List<Member> members, double[] scores) {}

    /** Sums what {@code axes} has along each matrix over the entries of each unit. */
    public static MatrixScores of(Units units, AxisScores axes) {
        if (units.group().role() == Role.EXPERTS) {
            throw new Failure(
                    "an expert is a whole, of which no matrix can choose by itself",
                    "dependency off",
                    "let other units go, or leave out --dependency off");
        }
        List<Choice> choices = new ArrayList<>();
        for (List<Member> alike : units.alike()) {
            if (alike.stream().allMatch(axes::has)) {
                choices.add(new Choice(new ArrayList<>(alike), scores(units, alike, axes)));
            } else if (!choices.isEmpty()) {
                choices.getLast().members.addAll(alike);
            }
        }
        return new MatrixScores(units, choices);
    }

    private static double[] scores(Units units, List<Member> alike, AxisScores axes) {
        double[] scores = new double[units.count()];
        for (Member member : alike) {
            double[] along = axes.along(member);
            for (int unit = 0; unit < scores.length; unit++) {
                for (long entry : units.entries(member, unit)) {
                    scores[unit] += along[(int) entry];
                }
            }
        }
        return scores;
    }
}
