package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Planner;
import org.espalier.plan.Rounding;
import org.espalier.plan.WidthTable;

/** A table of widths: as it is read, and as widths are chosen by it. */
final class WidthsTarget implements Target {

    private static final String FILE = "widths.json";

    private final ModelConfig config = RandomModel.config(8, 4, 1, new ModelConfig.LayerConfig(2, 1, 4), false);
    private final Structure structure = Structure.of(new Transformer(config).shape());

    @Override
    public String name() {
        return "widths";
    }

    @Override
    public List<Input> seeds() {
        return List.of(Input.of(FILE, """
                {"format_version": 1, "source": {"path": "m", "sha256": "0f", "parameters": 100},
                 "scores_sha256": "1f", "calibration": {"sha256": "2f", "samples": 10, "seq_len": 64}, "seed": 42,
                 "fitted": {"method": "lstsq", "ridge": 1.0, "samples": 10, "seq_len": 64}, "tokens": 630,
                 "groups": [{"name": "mlp.neurons", "role": "neurons", "layer": 0, "units": 4,
                             "widths": [{"kept": 3, "divergence": 0.1}, {"kept": 1, "divergence": 0.4}]}],
                 "gone": [{"branch": "attention", "layer": 0, "divergence": 0.7}]}"""));
    }

    @Override
    public void read(Path folder, Input input) {
        WidthTable table = WidthTable.read(folder.resolve(FILE));
        Candidates candidates = Candidates.anywhere(
                List.of(Role.NEURONS), List.of(BlockScores.Kind.ATTENTION), BlockCriterion.POSITION);
        Budget budget = new Budget(
                new Budget.Amount(0.2, false, Rounding.exactly(1), 1), Scope.DIVERGENCE, Normalise.NONE, candidates);
        Rankings rankings = new Rankings(
                List.of(new UnitScores(structure.units(0, Role.NEURONS).orElseThrow(), new double[] {1, 2, 3, 4})),
                List.of(new BlockScores(BlockScores.Kind.ATTENTION, structure, List.of(0), new double[1])));
        new Planner(config, structure, budget).with(table).select(rankings, new Selection(structure), 1);
    }
}
