package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** An evaluation that this room has never heard of is a measure like any other, from the table to the file. */
class AddedMeasureTest {

    private static final String NAME = "right answers to riddles";
    private static final String PROTOCOL = "5 riddles shown first, 250 asked";
    private static final List<Double> SHARES = List.of(0.632, 0.4, 0.5812);

    @TempDir
    private Path folder;

    private static Measure riddles(int stage) {
        return new Measure(NAME, SHARES.get(stage), Unit.SHARE, Direction.MORE, PROTOCOL)
                .withSettings(Map.of("shots", 5, "items", 250));
    }

    /** A run that was measured by perplexity and by riddles. */
    private static Comparison added() {
        Comparison run = Samples.sixLayers();
        return Samples.with(
                run,
                IntStream.range(0, run.stages().size())
                        .mapToObj(i -> {
                            Comparison.Stage stage = run.stages().get(i);
                            List<Measure> measures = Stream.concat(stage.measures().stream(), Stream.of(riddles(i)))
                                    .toList();
                            return new Comparison.Stage(stage.name(), stage.folder(), measures, stage.text());
                        })
                        .toList());
    }

    /** A run that tells nothing of quality but the riddles. */
    private static Comparison onlyRiddles(String title) {
        Comparison run = Samples.run(title, 2, 4, 4, 16, 0.2);
        return Samples.with(
                run,
                IntStream.range(0, 3)
                        .mapToObj(i -> new Comparison.Stage(
                                run.stages().get(i).name(),
                                null,
                                List.of(StandardMeasure.PARAMETERS.of(1_000_000 - 100_000 * i), riddles(i)),
                                null))
                        .toList());
    }

    @Test
    void theTableOfThePageHasIt() {
        String row = Pages.text(Pages.parse(HtmlReport.page(List.of(added()))), "tr").stream()
                .filter(r -> r.startsWith(NAME))
                .findFirst()
                .orElseThrow();
        assertEquals(NAME + PROTOCOL + "63.2 %40.0 %−23.2 points58.1 %−5.1 points", row);
    }

    @Test
    void theTableInMarkdownHasIt() {
        String text = MarkdownReport.text(added());
        assertTrue(
                text.contains("\n| " + NAME + " (" + PROTOCOL
                        + ") | 63.2 % | 40.0 % (−23.2 points) | 58.1 % (−5.1 points) |\n"),
                text);
    }

    @Test
    void theFileHasItAndGivesItBack() {
        Comparison written = added();
        ComparisonFile.write(written, folder, false);
        Comparison read = ComparisonFile.read(folder.resolve(ComparisonFile.NAME));
        assertEquals(written.stages(), read.stages());
        JsonNode measures = ComparisonFile.tree(read).at("/stages/2/measures");
        assertEquals(1, measures.size(), "those with keys of their own stand there");
        JsonNode riddles = measures.get(0);
        assertEquals(NAME, riddles.get("name").asText());
        assertEquals(0.5812, riddles.get("value").asDouble());
        assertEquals("share", riddles.get("unit").asText());
        assertEquals("more", riddles.get("direction").asText());
        assertEquals(PROTOCOL, riddles.get("protocol").asText());
        assertEquals(250, riddles.at("/settings/items").asInt());
    }

    @Test
    void whatTellsMostOfQualityIsToldFirst() {
        String line = Headline.of(onlyRiddles("Riddles")).orElseThrow();
        assertEquals("20.0 % fewer parameters; " + NAME + ": 63.2 % dense → 40.0 % pruned → 58.1 % recovered.", line);
        Document page = Pages.parse(HtmlReport.page(List.of(onlyRiddles("Riddles"))));
        String tile = Pages.all(page, "section").stream()
                .filter(section -> section.getAttribute("class").equals("tile"))
                .map(org.w3c.dom.Element::getTextContent)
                .filter(text -> text.startsWith(NAME))
                .findFirst()
                .orElseThrow();
        assertTrue(tile.endsWith("more is better"), tile);
    }

    @Test
    void severalRunsAreComparedByIt() {
        Document page = Pages.parse(HtmlReport.page(List.of(onlyRiddles("One"), onlyRiddles("Other"))));
        assertTrue(Pages.text(page, "title").contains("Right answers to riddles over size"));
        assertTrue(Pages.text(page, "thead").getFirst().contains(NAME), "no column for it");
        Document both = Pages.parse(HtmlReport.page(List.of(added(), added())));
        assertTrue(Pages.text(both, "title").contains("Perplexity over size"), "perplexity comes first");
    }

    /** Of several stages, each may say how it was measured. */
    @Test
    void otherProtocolsOfStandardMeasuresAreKept() {
        Measure asUsual = StandardMeasure.MEMORY.of(100, "as usual");
        Measure otherwise = StandardMeasure.MEMORY.of(80, "otherwise");
        Comparison written = Samples.with(
                Samples.sixLayers(),
                List.of(
                        new Comparison.Stage("dense", null, List.of(asUsual), null),
                        new Comparison.Stage("pruned", null, List.of(otherwise), null)));
        ComparisonFile.write(written, folder, false);
        Comparison read = ComparisonFile.read(folder.resolve(ComparisonFile.NAME));
        assertEquals(written.stages(), read.stages());
        assertEquals("as usual; otherwise", MeasureSeries.of(read).getFirst().protocol());
    }
}
