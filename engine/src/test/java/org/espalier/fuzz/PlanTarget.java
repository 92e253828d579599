package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.RandomModel;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanDifference;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;
import org.espalier.report.HtmlReport;
import org.espalier.report.MarkdownReport;
import org.espalier.report.PlanSvg;
import org.espalier.report.PlanText;
import org.espalier.report.RunFolder;
import org.espalier.report.Samples;

/** A plan: as it is shown, drawn and compared, and applied to a model. */
final class PlanTarget implements Target {

    private static final String FILE = "plan.json";

    private final Plan right = Samples.run("a", 2, 2, 1, 4, 0.25).plan();
    private final PlanSelection model =
            new PlanSelection(RandomModel.config(8, 4, 2, new ModelConfig.LayerConfig(2, 1, 4), false), FILE);

    @Override
    public String name() {
        return "plan";
    }

    @Override
    public List<Input> seeds() {
        return List.of(Input.of(FILE, PlanFile.bytes(right)), Input.of(FILE, """
                        {"format_version": 2, "source": {"path": "m", "sha256": "0f", "parameters": 100},
                         "criterion": "l2", "aggregate": "mean", "mode": "block", "scope": "local",
                         "ratio_requested": 0.2, "parameters_before": 100, "parameters_after": 80,
                         "calibration": {"sha256": "1f", "samples": 10, "seq_len": 64}, "seed": 42,
                         "layers": [{"layer": 0, "kept_heads": [0, 1], "kept_kv_heads": [0], "kept_neurons": [0, 2]},
                                    {"layer": 1, "kept_heads": [0, 1], "kept_kv_heads": [0], "kept_neurons": [1, 3]}],
                         "kept_channels": [0, 1, 2, 3, 4, 5, 6],
                         "groups": [{"name": "mlp.neurons", "role": "neurons", "layer": 0, "kept": [1, 2]}]}"""));
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        Plan plan = PlanFile.read(folder.resolve(FILE));
        PlanText.of(plan, null);
        PlanSvg.drawing(plan, null);
        MarkdownReport.text(RunFolder.of(plan, null));
        HtmlReport.page(List.of(RunFolder.of(plan, null)));
        PlanDifference.of(right, plan);
        model.removed(plan);
    }
}
