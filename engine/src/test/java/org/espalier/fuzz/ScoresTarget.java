package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.PlanFile;
import org.espalier.report.Comparison;
import org.espalier.report.HtmlReport;
import org.espalier.report.MarkdownReport;
import org.espalier.report.PlanText;
import org.espalier.report.RunFolder;
import org.espalier.report.Samples;

/** Scores, and what a plan shows of them. */
final class ScoresTarget implements Target {

    private static final String FILE = "scores.json";

    private final Comparison right = Samples.run("a", 2, 2, 1, 4, 0.25);

    @Override
    public String name() {
        return "scores";
    }

    @Override
    public List<Input> seeds() {
        return List.of(Input.of(FILE, PlanFile.bytes(right.scores())));
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        ScoresFile scores = RunFolder.scores(folder.resolve(FILE));
        PlanText.of(right.plan(), scores);
        Comparison run = RunFolder.of(right.plan(), scores);
        MarkdownReport.text(run);
        HtmlReport.page(List.of(run));
    }
}
