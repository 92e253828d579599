package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A page that is in order passes, and whatever may be wrong with one is found, in the view in which it is wrong. */
class PageCheckTest {

    private static final String SOUND = """
            <h1>A page</h1><p>Some text.</p>
            <svg role="img" width="100" height="40"><title>A chart</title><text x="10" y="20">12</text></svg>
            <div style="overflow-x: auto" tabindex="0" aria-label="Wide"><div style="width: 9000px">wide</div></div>
            <style>@media print { div div { width: 90px !important } }</style>""";

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

    private List<String> defects(String body) throws IOException {
        Path page = Files.writeString(folder.resolve("page.html"), """
                <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><title>Page</title></head>
                <body style="color-scheme: light; background: white; color: black">%s</body></html>""".formatted(body));
        return new PageCheck(browser).defects(page);
    }

    @Test
    void aPageInOrderHasNoDefects() throws IOException {
        assertEquals(List.of(), defects(SOUND));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    wide: beyond the edge | <div style="width: 3000px">wide</div>
                    wide: the page is | <div style="width: 3000px">wide</div>
                    narrow: beyond the edge | <div style="width: 600px">wider than a phone</div>
                    in print: beyond the edge | <style>@media print { p { width: 900px } }</style><p>wider than paper</p>
                    in print: beyond the edge | <div style="overflow-x: auto" tabindex="0" aria-label="W"><p style="width: 900px">w</p></div>
                    narrow: beyond the edge | <div style="overflow-x: auto"><p style="width: 900px">not for keys</p></div>
                    wide: cut off | <p style="width: 40px; overflow: hidden; white-space: nowrap">a long text</p>
                    wide: text beyond its box | <p style="width: 40px; white-space: nowrap">a long text</p>
                    wide: script error: Error: broken | <script>throw new Error("broken")</script>
                    wide: script message: bad | <script>console.error("bad")</script>
                    wide: request to http://127.0.0.1:9/a.png | <img alt="a" src="http://127.0.0.1:9/a.png"/>
                    wide: request to http://127.0.0.1:9/a.css | <link rel="stylesheet" href="http://127.0.0.1:9/a.css"/>
                    wide: no text says what is shown: svg | <svg role="img" width="9" height="9"><rect width="9" height="9"/></svg>
                    wide: no text says what is shown: svg | <svg role="img" width="9" height="9"><title> </title></svg>
                    wide: no text says what is shown: img | <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="/>
                    wide: texts on each other | <svg role="img" aria-label="A"><text y="20">one</text><text y="20">two</text></svg>
                    wide, dark: contrast of | <style>@media (prefers-color-scheme: dark) { p { background: black } }</style><p>dark</p>
                    in print: contrast of | <p style="background: black; color: white">white on paper</p>
                    """)
    void whatIsWrongIsFound(String defect, String body) throws IOException {
        List<String> found = defects(SOUND + body);
        assertTrue(found.stream().anyMatch(line -> line.startsWith(defect)), found::toString);
        // It is the planted one alone that makes a difference, and only where it shows.
        String elsewhere = defect.startsWith("narrow") ? "wide" : defect.startsWith("in print") ? "narrow" : "no view";
        assertTrue(found.stream().noneMatch(line -> line.startsWith(elsewhere + ": " + kind(defect))), found::toString);
    }

    private static String kind(String defect) {
        return defect.substring(defect.indexOf(": ") + 2);
    }
}
