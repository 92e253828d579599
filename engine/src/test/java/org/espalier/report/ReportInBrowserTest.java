package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Reports in the Chromium that is installed: wide, narrow, dark, in print. */
class ReportInBrowserTest {

    @TempDir
    private static Path profile;

    private static Chromium browser;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        browser = Chromium.start(profile);
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (browser != null) {
            browser.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> pagesAreInOrder() {
        Map<String, List<Comparison>> pages = Map.of(
                "a small run", List.of(Samples.sixLayers()),
                "a large run", List.of(Samples.thirtyLayers()),
                "tasks", List.of(Samples.withTasks()),
                "long names", List.of(Samples.withLongNames()),
                "many stages", List.of(Samples.manyStages()),
                "several runs", List.of(Samples.withTasks(), Samples.sixLayers(), Samples.thirtyLayers()));
        return pages.entrySet().stream()
                .map(page -> DynamicTest.dynamicTest(page.getKey(), () -> {
                    Path file = Files.writeString(folder.resolve("page.html"), HtmlReport.page(page.getValue()));
                    assertEquals(List.of(), new PageCheck(browser).defects(file));
                }));
    }
}
