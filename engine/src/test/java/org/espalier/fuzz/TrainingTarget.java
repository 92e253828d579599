package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.report.Comparison;
import org.espalier.report.HtmlReport;
import org.espalier.report.MarkdownReport;
import org.espalier.report.RunFolder;
import org.espalier.report.TrainingFile;

/** The record of a training, and its pages. */
final class TrainingTarget implements Target {

    @Override
    public String name() {
        return "training";
    }

    @Override
    public List<Input> seeds() {
        return List.of(Input.of(TrainingFile.NAME, """
                {"format_version": 1, "model": "pruned",
                 "data": {"path": "alpaca.json", "sha256": "ab", "format": "alpaca", "samples": 20, "tokens": 2000,
                  "held_out": 2, "skipped_empty": 3, "skipped_too_long": 1},
                 "settings": {"recipe": "standard", "rank": 8, "alpha": 16.0, "dropout": 0.05, "learning_rate": 3e-4,
                  "warm_up": 2, "epochs": 1, "batch_size": 64, "micro_batch_size": 4, "cutoff": 256, "seed": 42},
                 "hashes": {"model": "cd", "samples": "ef"},
                 "training": {"steps": 2, "learning_rate": 3e-4, "samples": 20,
                  "losses": [{"step": 1, "loss": 0.3}, {"step": 2, "loss": 0.25}],
                  "eval_losses": [{"step": 0, "loss": 3.25}], "seconds": 12.5, "tokens_per_second": 180.0}}"""));
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        Comparison run = RunFolder.read(folder);
        MarkdownReport.text(run);
        HtmlReport.page(List.of(run));
    }
}
