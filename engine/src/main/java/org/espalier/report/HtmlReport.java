package org.espalier.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One page that shows runs: it needs no network and no script, adapts to the width of the screen and to light and dark, and
 * is well-formed as HTML and as XML. What a run does not have is left out.
 */
public final class HtmlReport {

    private static final String STYLE = "/org/espalier/report/page.css";

    /** Even if something foreign came into the page, a browser would not run or fetch it. */
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";

    private HtmlReport() {}

    /**
     * The page as text; UTF-8 is what it says it is.
     *
     * @param runs at least one; several are compared first, then shown one after the other
     */
    public static String page(List<Comparison> runs) {
        String title = runs.size() == 1 ? runs.getFirst().title() : runs.size() + " runs compared";
        Markup page = new Markup();
        page.open("html", "lang", "en", "xmlns", "http://www.w3.org/1999/xhtml")
                .line()
                .open("head")
                .line();
        page.empty("meta", "charset", "utf-8").line();
        page.empty("meta", "http-equiv", "Content-Security-Policy", "content", POLICY)
                .line();
        page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
                .line();
        page.empty("meta", "name", "color-scheme", "content", "light dark").line();
        page.element("title", title).line().style(style()).close().line();
        page.open("body").open("main").line();
        if (runs.size() > 1) {
            page.element("h1", title);
            RunsOverview.draw(page, runs);
        }
        for (int run = 0; run < runs.size(); run++) {
            new RunSection(runs.get(run), runs.size() > 1 ? RunsOverview.letter(run) : "").draw(page);
        }
        page.close().close().close().line();
        return "<!DOCTYPE html>\n" + page.finish();
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream(STYLE)) {
            if (in == null) {
                throw new IllegalStateException("the report's style sheet is not packed into the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
