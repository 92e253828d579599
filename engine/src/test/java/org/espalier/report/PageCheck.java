package org.espalier.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.TestFiles;

/**
 * Looks at a page in a browser as a reader would: on a wide screen and a phone, in light and dark, and in print. A page in order
 * runs without an error, asks nobody for anything, cuts nothing off, is legible, and says in words what its charts show.
 */
public final class PageCheck {

    /**
     * A way to look at a page.
     *
     * @param width of the window or sheet, in CSS pixels
     */
    private record View(String name, int width, boolean dark, boolean print) {}

    /** Printed, the width is that of a sheet of A4 within margins of a centimetre. */
    private static final List<View> VIEWS = List.of(
            new View("wide", 1280, false, false),
            new View("narrow", 380, false, false),
            new View("wide, dark", 1280, true, false),
            new View("narrow, dark", 380, true, false),
            new View("in print", 718, false, true),
            new View("in print, dark", 718, true, true));

    private static final int HEIGHT = 900;

    private final Chromium browser;
    private final String script;

    /** Looks through this browser. */
    public PageCheck(Chromium browser) throws IOException {
        this.browser = browser;
        this.script = Files.readString(TestFiles.resource("report/page_check.js"));
    }

    /** What is wrong with a page: each time the view and what is wrong in it. */
    public List<String> defects(Path page) {
        List<String> defects = new ArrayList<>();
        for (View view : VIEWS) {
            show(page, view);
            for (JsonNode defect : browser.evaluate(script)) {
                defects.add(view.name + ": " + defect.asText());
            }
            browser.events().stream()
                    .flatMap(event -> happened(event, page).stream())
                    .forEach(defect -> defects.add(view.name + ": " + defect));
        }
        printed().ifPresent(defects::add);
        return defects;
    }

    private void show(Path page, View view) {
        browser.command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", view.width, "height", HEIGHT, "deviceScaleFactor", 1, "mobile", false));
        browser.command(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "media",
                        view.print ? "print" : "screen",
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", view.dark ? "dark" : "light"))));
        browser.load(page.toUri());
    }

    /** What is wrong about something that happened, if anything is. */
    private static Optional<String> happened(JsonNode event, Path page) {
        JsonNode said = event.path("params");
        return switch (Chromium.method(event)) {
            case "Runtime.exceptionThrown" ->
                Optional.of("script error: "
                        + said.at("/exceptionDetails/exception/description").asText());
            case "Runtime.consoleAPICalled" ->
                Optional.of("script message: " + said.at("/args/0/value").asText());
            case "Log.entryAdded" ->
                Optional.of("browser message: " + said.at("/entry/text").asText());
            case "Network.requestWillBeSent" ->
                Optional.of(said.at("/request/url").asText())
                        .filter(url -> !url.equals(page.toUri().toString()) && !url.startsWith("data:"))
                        .map(url -> "request to " + url);
            default -> Optional.empty();
        };
    }

    /** Whether the page last shown cannot be printed. */
    private Optional<String> printed() {
        String data = browser.command("Page.printToPDF", Map.of()).path("data").asText();
        String start = new String(Base64.getDecoder().decode(data), StandardCharsets.ISO_8859_1);
        return start.startsWith("%PDF-") ? Optional.empty() : Optional.of("in print: no document came of it");
    }
}
