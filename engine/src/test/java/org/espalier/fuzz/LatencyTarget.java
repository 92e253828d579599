package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.LatencyTable;

/** A table of latencies: as it is read, and as what a selection leaves is counted by it. */
final class LatencyTarget implements Target {

    private static final String FILE = "latency.json";

    private final Structure structure = Structure.of(
            new Transformer(RandomModel.config(8, 4, 1, new ModelConfig.LayerConfig(2, 1, 4), false)).shape());

    @Override
    public String name() {
        return "latency";
    }

    @Override
    public List<Input> seeds() {
        return List.of(Input.of(FILE, """
                {"format_version": 1, "source": {"path": "m", "sha256": "0f", "parameters": 100},
                 "machine": {"device": "cpu", "cpu": "some", "threads": 2},
                 "protocol": {"prompt": 8, "generate": 4, "repetitions": 3, "seed": 42},
                 "whole": {"prefill": 90.5, "decode": 12.0},
                 "groups": [{"branch": "mlp", "role": "neurons", "units": 4, "layers": 1,
                             "widths": [{"kept": 3, "saved": {"prefill": 3.0, "decode": 1.0}},
                                        {"kept": 0, "saved": {"prefill": 5.0, "decode": 2.0}}]}]}"""));
    }

    @Override
    public void read(Path folder, Input input) {
        LatencyTable table = LatencyTable.read(folder.resolve(FILE));
        LatencyTable.Use use = new LatencyTable.Use(8, 4, true);
        table.require(use, FILE);
        for (int gone = 0; gone < 4; gone++) {
            Selection selection = new Selection(structure);
            for (int unit = 0; unit < gone; unit++) {
                selection.remove(structure.units(0, Role.NEURONS).orElseThrow(), unit);
            }
            table.microseconds(selection, use);
        }
    }
}
