package org.espalier.score;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.model.Model;

/** Scores everything of a model that may go: units and whole branches. */
public final class Ranker {

    private Ranker() {}

    /**
     * Scores what may go of a model.
     *
     * @param walking     how it is walked
     * @param calibration sequences of token ids; not looked at by what needs none
     * @throws org.espalier.error.Failure if nothing may go
     */
    public static Rankings of(
            Model model, ModelScores.Walking walking, Method method, Candidates candidates, List<int[]> calibration) {
        Structure structure = model.structure();
        List<Units> found = structure.units();
        List<Units> units = found.stream().filter(candidates::allows).toList();
        boolean sums = !candidates.blocks().isEmpty() && candidates.blockCriterion() == BlockCriterion.UNITS;
        List<Units> scored = sums
                ? Stream.concat(units.stream(), found.stream().filter(Rankings::partOfABranch))
                        .distinct()
                        .toList()
                : units;
        List<UnitScores> scores =
                scored.isEmpty() ? List.of() : new ModelScores(model, walking).of(scored, method, calibration);
        BlockScorer blockScorer = new BlockScorer(
                model, candidates.blockCriterion().needsCalibration() ? calibration : List.of(), scores);
        List<BlockScores> blocks = candidates.blocks().stream()
                .map(kind -> blockScorer.score(
                        kind, candidates.blockCriterion(), Rankings.layersWith(structure, kind, candidates)))
                .toList();
        Rankings rankings = new Rankings(
                scores.stream().filter(s -> units.contains(s.units())).toList(),
                blocks,
                candidates.dependency()
                        ? List.of()
                        : new ModelScores(model, walking).byMatrix(units, method, calibration));
        rankings.requireSome(candidates);
        return rankings;
    }
}
