package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MarkdownReportTest {

    @Test
    void tablesHaveTheNumbers() {
        String text = MarkdownReport.text(Samples.sixLayers());
        assertTrue(
                text.startsWith("# A small model, 20 % smaller\n\n24.5 % fewer parameters, 24.5 % less memory, "
                        + "reads 1.32 × as fast, writes 1.15 × as fast; "
                        + "perplexity on WikiText2: 53.91 dense → 130.1 pruned → 118.6 recovered.\n"),
                text);
        assertTrue(
                text.contains("\n|  | dense | pruned | recovered |\n| --- | ---: | ---: | ---: |\n"
                        + "| parameters | 134,515,008 | 101,558,831 (−24.5 %) | 101,558,831 (−24.5 %) |\n"),
                text);
        assertTrue(text.contains("\n| 0 | 8 of 8 | 4 of 4 | 256 of 256 |\n"), text);
        assertTrue(text.contains("\n| step | 0 | 25 | 50 | 75 | 100 | 125 |\n"), text);
        assertTrue(text.contains("\n- time: prune 11.4 s, tune 30 min 35 s, measure 1 min 35 s\n"), text);
    }

    @Test
    void tasksAndCostsHaveARowAModel() {
        String text = MarkdownReport.text(Samples.withTasks());
        assertTrue(
                text.contains("\n## Zero-shot tasks\n\n|  | BoolQ (acc) | PIQA (acc) | HellaSwag (acc\\_norm) | "
                        + "WinoGrande (acc) | ARC-easy (acc) | ARC-challenge (acc\\_norm) | OpenBookQA (acc\\_norm) | "
                        + "Average | Kept (of the average) |\n"),
                text);
        assertTrue(text.contains("\n| dense | 73.12 ± 0.40 | 67.12 ± 0.80 | 65.12 ± 1.20 |"), text);
        assertTrue(text.contains(" | 56.83 ± 0.68 | 100.00 |\n"), text);
        assertTrue(
                text.contains("\n## Size and cost\n\n|  | parameters | MACs of 64 tokens | memory | latency |\n"),
                text);
        assertTrue(
                text.contains("| pruned | 101.6 M −24.5 % | 5.590 G −17.7 % | 304.0 MB −24.5 % | 520.0 ms −16.1 % |\n"),
                text);
        assertTrue(text.contains("\n> The capital of France is  \n\ncontinued by\n"), text);
        assertTrue(text.matches("(?s).*\n- plan: [0-9a-f]{64}\n.*"), text);
    }

    @Test
    void everyRowHasAsManyCellsAsItsTable() {
        int cells = 0;
        for (String line : MarkdownReport.text(Samples.thirtyLayers()).lines().toList()) {
            int now = line.startsWith("|") ? line.replace("\\|", "").split("\\|").length : 0;
            assertTrue(cells == 0 || now == 0 || now == cells, line);
            cells = now;
        }
    }

    @Test
    void whatStrangersWroteIsText() {
        String hostile = "<b>|*_`[x](y)\n# h\n- i\n1. n\n=";
        Comparison.Stage stage =
                new Comparison.Stage(hostile, null, List.of(StandardMeasure.PARAMETERS.of(1)), hostile);
        String text = MarkdownReport.text(new Comparison(
                1,
                hostile,
                Comparison.Circumstances.of(null, Map.of()),
                hostile,
                List.of(stage),
                null,
                null,
                null,
                null));
        assertEquals(
                List.of(
                        "# \\<b\\>\\|\\*\\_\\`\\[x\\](y) \\# h - i 1. n =",
                        "",
                        "## Measured",
                        "",
                        "|  | \\<b\\>\\|\\*\\_\\`\\[x\\](y) \\# h - i 1. n = |",
                        "| --- | ---: |",
                        "| parameters | 1 |"),
                text.lines().limit(7).toList());
        assertTrue(
                text.contains("\n> \\<b\\>\\|\\*\\_\\`\\[x\\](y)  \n> \\# h  \n> \\- i  \n> 1\\. n  \n> \\=  \n"),
                text);
    }

    @Test
    void whatIsMissingIsLeftOut() {
        String text = MarkdownReport.text(new Comparison(
                1, "t", Comparison.Circumstances.of(null, Map.of()), null, List.of(), null, null, null, null));
        assertEquals("# t\n", text);
        assertFalse(MarkdownReport.text(Samples.sixLayers()).contains("null"));
    }
}
