package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.espalier.Allocated;
import org.junit.jupiter.api.Test;

/** A page takes work that grows with a plan, not with its square. */
class ReportScalingTest {

    @Test
    void pagesAreLinearInTheUnits() {
        assertLinear(page(8, 4096), page(8, 8192));
    }

    @Test
    void pagesAreLinearInTheLayers() {
        assertLinear(page(64, 64), page(128, 64));
    }

    private static void assertLinear(Runnable some, Runnable twice) {
        long less = Allocated.by(some);
        long more = Allocated.by(twice);
        assertTrue(more < 2.6 * less, more + " bytes for twice the plan of " + less);
    }

    private static Runnable page(int layers, int neurons) {
        Comparison run = Samples.run("x", layers, 8, 4, neurons, 0.25);
        return () -> {
            String page = HtmlReport.page(List.of(run)) + MarkdownReport.text(run);
            assertTrue(page.contains("</html>"));
        };
    }
}
