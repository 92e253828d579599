package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Choice;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Point;
import org.espalier.report.Comparison.Stage;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** The page: well-formed, alone in the world, safe with what strangers wrote, and without what a run does not have. */
class HtmlReportTest {

    private static final String MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;&lt;]]>";
    private static final String HOSTILE = MARKUP + "\u0000\uD800\uFFFF";
    /** How it must arrive: what XML cannot hold is replaced. */
    private static final String TAMED = MARKUP + "\uFFFD\uFFFD\uFFFD";

    private static Comparison bare(String title, List<Stage> stages) {
        return new Comparison(
                1, title, Comparison.Circumstances.of(null, Map.of()), null, stages, null, null, null, null);
    }

    private static Stage stage(String name, Long parameters, Map<String, TextPerplexity> perplexities, String text) {
        List<Measure> measures = new ArrayList<>();
        if (parameters != null) {
            measures.add(StandardMeasure.PARAMETERS.of(parameters));
        }
        perplexities.forEach((data, perplexity) -> measures.add(perplexity.measure(data)));
        return new Stage(name, null, measures, text);
    }

    /** Runs of every kind, the strangest included. */
    private static Stream<Comparison> runs() {
        Comparison six = Samples.sixLayers();
        TextPerplexity unknown = new TextPerplexity("gptq", 2048, 1, 2047, Double.NaN);
        return Stream.of(
                six,
                Samples.thirtyLayers(),
                Samples.run("Hundred layers", 100, 64, 8, 64, 0.5),
                bare("Nothing at all", List.of()),
                bare("A name", List.of(stage("dense", null, Map.of(), null))),
                bare("Zero", List.of(stage("dense", 0L, Map.of(), ""), stage("pruned", 0L, Map.of(), ""))),
                bare(
                        "Not finite",
                        List.of(
                                stage("dense", 10L, Map.of("x", unknown), null),
                                stage("pruned", 5L, Map.of("x", unknown), null))),
                bare(
                        "Eight",
                        IntStream.range(0, 8)
                                .mapToObj(i -> stage("s" + i, 8L - i, Map.of(), "text " + i))
                                .toList()),
                training(List.of(), List.of()),
                training(List.of(new Point(1, 2.0)), List.of()),
                training(
                        List.of(new Point(1, 2.0), new Point(2, Double.NaN), new Point(3, 2.0)),
                        List.of(new Point(0, null))),
                training(
                        IntStream.range(1, 5000)
                                .mapToObj(i -> new Point(i, 1e9 / i))
                                .toList(),
                        List.of()),
                scores(),
                scores(0, 0, 0),
                scores(1),
                scores(-3, 0, 2),
                scores(1, Double.NaN, 2),
                scores(1e-30, 1, 1e30),
                hostile());
    }

    private static Comparison training(List<Point> losses, List<Point> held) {
        return new Comparison(
                1,
                "Training",
                Comparison.Circumstances.of(null, Map.of()),
                null,
                List.of(),
                null,
                new Comparison.Training(3, Double.NaN, null, losses, held, null, null),
                null,
                null);
    }

    private static Comparison scores(double... scores) {
        ScoresFile file = new ScoresFile(
                1,
                new ScoresFile.Source("m", "0", 1),
                "l2",
                "mean",
                null,
                1,
                List.of(
                        new ScoresFile.Group("neurons", "neurons", 3, scores),
                        new ScoresFile.Group("all", "channels", -1, scores)));
        return new Comparison(
                1,
                "Scores " + Arrays.toString(scores),
                Comparison.Circumstances.of(null, Map.of()),
                null,
                List.of(),
                null,
                null,
                null,
                file);
    }

    private static Comparison hostile() {
        Comparison six = Samples.sixLayers();
        TextPerplexity perplexity = new TextPerplexity(HOSTILE, 1, 1, 1, 1.0);
        return new Comparison(
                1,
                HOSTILE,
                new Comparison.Circumstances(
                        HOSTILE,
                        HOSTILE,
                        HOSTILE,
                        1,
                        HOSTILE,
                        Map.of(HOSTILE, HOSTILE),
                        Map.of(HOSTILE, 1.0),
                        Map.of(HOSTILE, HOSTILE)),
                HOSTILE,
                List.of(stage(HOSTILE, 5L, Map.of(HOSTILE, perplexity), HOSTILE)),
                six.widths(),
                six.training(),
                six.plan(),
                six.scores());
    }

    @TestFactory
    Stream<DynamicTest> isWellFormedAndFetchesNothing() {
        return runs().map(run ->
                DynamicTest.dynamicTest(run.title(), () -> check(Pages.parse(HtmlReport.page(List.of(run))))));
    }

    /** Of three runs one does not say how large its models are. */
    @Test
    void aModelOfUnknownSizeIsLeftOutOfThePicture() {
        Map<String, TextPerplexity> measured = Map.of("x", new TextPerplexity("gptq", 2048, 1, 2047, 50.0));
        List<Stage> known = List.of(stage("dense", 10L, measured, null));
        List<Stage> unknown = List.of(stage("other", null, measured, null));
        String page = HtmlReport.page(List.of(bare("One", known), bare("Two", known), bare("Three", unknown)));
        assertTrue(page.contains("B, dense: 50.00"), page);
        assertTrue(page.contains("C, other") && !page.contains("C, other: "), page);
    }

    @Test
    void severalRunsAreOnOnePage() {
        List<Comparison> all = runs().toList();
        Document page = Pages.parse(HtmlReport.page(all));
        check(page);
        assertEquals(all.size(), Pages.all(page, "article").size());
        assertEquals(all.size() + " runs compared", Pages.text(page, "h1").getFirst());
        String first = Pages.text(page, "tbody").getFirst();
        assertTrue(first.contains("A, dense") && first.contains("B, recovered"), first);
    }

    /** A picture of one run beside nothing would compare nothing. */
    @Test
    void qualityOverSizeIsDrawnWhereRunsShareAPerplexity() {
        String shared = HtmlReport.page(List.of(Samples.sixLayers(), Samples.thirtyLayers()));
        assertTrue(Pages.text(Pages.parse(shared), "title").contains("Perplexity over size"), "both have WikiText2");
        Comparison other = bare("A name", List.of(stage("dense", 5L, Map.of(), null)));
        String alone = HtmlReport.page(List.of(Samples.sixLayers(), other));
        assertFalse(alone.contains("Perplexity over size"));
    }

    @Test
    void numbersOfTheTableAreThoseOfTheRun() {
        Comparison run = Samples.thirtyLayers();
        List<String> rows = Pages.text(Pages.parse(HtmlReport.page(List.of(run))), "tr");
        String parameters = rows.stream()
                .filter(r -> r.startsWith("parameters"))
                .findFirst()
                .orElseThrow();
        assertTrue(parameters.startsWith("parameters134,515,008108,150,066−19.6 %"), parameters);
        String perplexity = rows.stream()
                .filter(r -> r.startsWith("perplexity on WikiText2"))
                .findFirst()
                .orElseThrow();
        assertTrue(
                perplexity.endsWith("llm-pruner, 200 × 128 ids, 25,400 predicted53.91130.12.41 ×118.62.20 ×"),
                perplexity);
    }

    /** Ratios measured in turns count, not the quotient of two speeds. */
    @Test
    void measuredRatiosComeFirst() {
        Stage dense =
                new Stage("dense", null, List.of(StandardMeasure.PREFILL.of(100).withRatio(1.0)), null);
        Stage pruned = new Stage(
                "pruned", null, List.of(StandardMeasure.PREFILL.of(150).withRatio(1.25)), null);
        MeasureSeries reading =
                MeasureSeries.of(bare("t", List.of(dense, pruned))).getFirst();
        assertEquals("1.25 ×", reading.change(1));
        assertEquals("", reading.change(0));
    }

    @Test
    void whatStrangersWroteIsText() {
        Document page = Pages.parse(HtmlReport.page(List.of(hostile())));
        assertEquals(TAMED, Pages.text(page, "title").getFirst());
        assertEquals(TAMED, Pages.text(page, "h1").getFirst());
        assertEquals(TAMED + TAMED, Pages.text(page, "blockquote").getFirst());
        assertTrue(Pages.text(page, "dd").contains(TAMED));
        assertTrue(Pages.text(page, "dt").contains(TAMED));
    }

    @Test
    void whatIsMissingIsLeftOut() {
        String page = HtmlReport.page(List.of(bare("A name", List.of(stage("dense", null, Map.of(), null)))));
        for (String part :
                List.of("Measured", "Loss", "keeps", "Importance", "text from", "How this", "class=\"tile\"")) {
            assertFalse(page.contains(part), part);
        }
        for (Comparison run : runs().toList()) {
            String text = HtmlReport.page(List.of(run));
            assertFalse(
                    text.contains("NaN") && !run.title().contains("NaN")
                            || text.contains("Infinity")
                            || text.contains(">null<"),
                    run.title());
        }
    }

    @Test
    void picturesSayWhatTheyShow() {
        Document page = Pages.parse(HtmlReport.page(List.of(Samples.sixLayers())));
        List<Element> pictures = Pages.all(page, "svg").stream()
                .filter(s -> s.getAttribute("role").equals("img"))
                .toList();
        assertEquals(6, pictures.size());
        pictures.forEach(p -> {
            assertFalse(Pages.text(p, "title").getFirst().isBlank());
            assertFalse(Pages.text(p, "desc").getFirst().isBlank());
        });
        String curve = Pages.text(pictures.getFirst(), "desc").getFirst();
        assertTrue(curve.startsWith("125 steps. Training loss from "), curve);
    }

    /** The paper's form: a row a model. */
    @Test
    void tasksAreDrawnAndInATable() {
        Document page = Pages.parse(HtmlReport.page(List.of(Samples.withTasks())));
        check(page);
        List<Element> tables = Pages.all(page, "table").stream()
                .filter(table -> table.getAttribute("class").equals("models"))
                .toList();
        List<String> rows = Pages.text(tables.getFirst(), "tr");
        assertEquals(4, rows.size());
        assertTrue(rows.get(0).startsWith("modelBoolQaccPIQAaccHellaSwagacc_norm"), rows.get(0));
        assertTrue(rows.get(0).endsWith("AverageKeptof the average"), rows.get(0));
        assertTrue(rows.get(1).startsWith(" dense73.12± 0.40"), rows.get(1));
        assertTrue(rows.get(1).endsWith("56.83± 0.68100.00"), rows.get(1));
        Element chart = Pages.all(page, "svg").stream()
                .filter(svg -> svg.getAttribute("class").equals("bars tasks"))
                .findFirst()
                .orElseThrow();
        // Seven tasks and their average, three models.
        assertEquals(8 * 3, Pages.all(chart, "circle").size());
        assertTrue(
                Pages.text(chart, "desc")
                        .getFirst()
                        .startsWith("BoolQ: dense 73.1 % ± 0.4 %, pruned 63.1 % ± 0.4 %, recovered 63.1 % ± 0.4 %. "),
                Pages.text(chart, "desc")::toString);
        String headline = Pages.text(page, "p").getFirst();
        assertTrue(headline.contains("; average of tasks: 56.8 % ± 0.7 % dense → "), headline);
    }

    @Test
    void everyPromptHasItsContinuationsBesideEachOther() {
        Document page = Pages.parse(HtmlReport.page(List.of(Samples.withTasks())));
        List<String> texts = Pages.text(page, "blockquote");
        assertEquals(6, texts.size());
        assertTrue(texts.get(0).startsWith("Once upon a time"), texts.get(0));
        assertEquals("The capital of France is Paris. It is a large city.", texts.get(3));
        assertTrue(Pages.text(page, "h2").contains("Texts from each model"));
    }

    @Test
    void hashesAreNamed() {
        Comparison run = Samples.withTasks();
        List<String> terms = Pages.text(Pages.parse(HtmlReport.page(List.of(run))), "dd");
        run.circumstances().hashes().forEach((name, hash) -> assertTrue(terms.contains(hash), name));
    }

    /** Scores of whole blocks are one group for all layers; which of them are gone the plan tells. */
    @Test
    void wholeBlocksAreShownByLayer() {
        ScoresFile.Source source = new ScoresFile.Source("m", "0", 1);
        ScoresFile scores = new ScoresFile(
                1,
                source,
                "l2",
                "mean",
                null,
                1,
                List.of(new ScoresFile.Group("attention blocks", "attention", -1, new double[] {3, 1, 2})));
        Plan plan = new Plan(
                1,
                source,
                new Choice("l2", "mean", "block", "global", 0.3, null, null),
                new Plan.Parameters(100, 70),
                null,
                1,
                new Plan.Kept(
                        List.of(
                                new Plan.Layer(0, new int[] {0}, new int[] {0}, new int[] {0}),
                                new Plan.Layer(1, new int[0], new int[0], new int[] {0})),
                        new int[] {0, 2},
                        null),
                null,
                null);
        Document page = Pages.parse(HtmlReport.page(List.of(RunFolder.of(plan, scores))));
        check(page);
        assertEquals(
                List.of("layer 0, kept: 3.000", "layer 1, removed: 1.000", "layer 2, removed: 2.000"),
                Pages.all(page, "circle").stream()
                        .map(c -> Pages.text(c, "title").getFirst())
                        .toList());
        assertTrue(Pages.text(page, "p").contains("Everywhere 2 channels of the residual stream are kept."));
    }

    @Test
    void longCurvesAreThinned() {
        Document page = Pages.parse(HtmlReport.page(List.of(training(
                IntStream.range(1, 100_001)
                        .mapToObj(i -> new Point(i, 2.0 + i % 2))
                        .toList(),
                List.of()))));
        String path = Pages.all(page, "path").getFirst().getAttribute("d");
        assertEquals(500, path.split("[ML]").length - 1);
        assertTrue(Pages.text(page, "figcaption").getFirst().contains("mean of 200 steps"));
    }

    private static void check(Document page) {
        Set<String> forbidden =
                Set.of("script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form");
        for (Element element : Pages.all(page, "*")) {
            assertFalse(forbidden.contains(element.getTagName().toLowerCase(Locale.ROOT)), element.getTagName());
            for (int i = 0; i < element.getAttributes().getLength(); i++) {
                String name = element.getAttributes().item(i).getNodeName();
                String value = element.getAttributes().item(i).getNodeValue();
                assertFalse(name.startsWith("on") || name.equals("src"), name);
                assertTrue(!name.equals("href") || value.startsWith("#run-"), value);
                within(value);
            }
        }
        String css = Pages.text(page, "style").getFirst();
        assertFalse(css.contains("url(") || css.contains("@import"), "the style sheet refers to other files");
        List<String> ids = Pages.all(page, "*").stream()
                .map(e -> e.getAttribute("id"))
                .filter(i -> !i.isEmpty())
                .toList();
        assertEquals(ids.stream().distinct().toList(), ids);
    }

    /** Nothing is drawn outside of its frame. */
    private static void within(String value) {
        Matcher percent = Pattern.compile("(-?[\\d.]+)%").matcher(value);
        while (percent.find()) {
            double number = Double.parseDouble(percent.group(1));
            assertTrue(number >= 0 && number <= 100, value);
        }
    }
}
