package org.espalier.bench;

import java.util.List;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.Aggregate;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.espalier.score.ModelScores;

/** Scores every head and neuron of a model by the gradients of all its layers' weights. */
final class ScoreSpeed {

    static final Method METHOD = new Method(Criterion.PARAM_FIRST, Aggregate.SUM, Alignment.BY_UNIT, 0);

    private final Model model;
    private final List<Units> units;
    private final List<int[]> calibration;

    /** @param ids of all sequences, end to end */
    ScoreSpeed(Model model, int sequences, int length, int[] ids) {
        this.model = model;
        this.units = Structure.of(new Transformer(model.config()).shape()).units().stream()
                .filter(u -> u.group().role() == Role.HEADS || u.group().role() == Role.NEURONS)
                .toList();
        this.calibration = SpeedServer.cut(ids, sequences, length);
    }

    /** Returns one of the scores. */
    double score() {
        List<UnitScores> scores = ModelScores.of(model, units, METHOD, calibration);
        return scores.getLast().scores()[0];
    }
}
