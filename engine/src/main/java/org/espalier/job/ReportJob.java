package org.espalier.job;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.file.Output;
import org.espalier.report.Comparison;
import org.espalier.report.HtmlReport;
import org.espalier.report.RunFolder;

/** Makes one page of what runs left behind. */
public final class ReportJob {

    /**
     * What was shown.
     *
     * @param titles of the runs
     */
    public record Result(List<String> titles) {}

    /**
     * Writes the page.
     *
     * @param folders that runs left
     * @throws org.espalier.error.Failure if one holds no run, or the page cannot be written
     */
    public Result run(List<Path> folders, Destination out) {
        List<Comparison> runs = folders.stream().map(RunFolder::read).toList();
        byte[] page = HtmlReport.page(runs).getBytes(StandardCharsets.UTF_8);
        Output.writeFile(out.path(), out.replace(), file -> Files.write(file, page));
        return new Result(runs.stream().map(Comparison::title).toList());
    }
}
