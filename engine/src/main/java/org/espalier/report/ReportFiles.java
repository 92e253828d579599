package org.espalier.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.file.Json;

/** What a run leaves for people and programs: its record, the page, and the page as Markdown. */
public final class ReportFiles {

    /** The page's name in the folder of a run. */
    public static final String PAGE = "report.html";
    /** The Markdown's name there. */
    public static final String MARKDOWN = "report.md";

    private ReportFiles() {}

    /** Writes all three into a folder that is itself written aside. */
    public static void writeInto(Path folder, Comparison run) throws IOException {
        Files.write(folder.resolve(ComparisonFile.NAME), Json.toBytes(ComparisonFile.tree(run)));
        Files.writeString(folder.resolve(PAGE), HtmlReport.page(List.of(run)));
        Files.writeString(folder.resolve(MARKDOWN), MarkdownReport.text(run));
    }
}
