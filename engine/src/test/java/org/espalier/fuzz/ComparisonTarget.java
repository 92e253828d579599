package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.TestFiles;
import org.espalier.file.Json;
import org.espalier.report.Comparison;
import org.espalier.report.ComparisonFile;
import org.espalier.report.HtmlReport;
import org.espalier.report.MarkdownReport;
import org.espalier.report.RunFolder;
import org.espalier.report.Samples;

/** The record of a run, and its pages. */
final class ComparisonTarget implements Target {

    private final Comparison right = Samples.run("a", 2, 2, 1, 4, 0.25);

    @Override
    public String name() {
        return "comparison";
    }

    @Override
    public List<Input> seeds() throws IOException {
        return List.of(
                Input.of(ComparisonFile.NAME, Json.toBytes(ComparisonFile.tree(right))),
                Input.of(ComparisonFile.NAME, Files.readAllBytes(TestFiles.resource("report/earlier-run.json"))));
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
        HtmlReport.page(List.of(right, run, right));
    }
}
