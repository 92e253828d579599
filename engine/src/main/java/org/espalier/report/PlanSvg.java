package org.espalier.report;

import java.util.Arrays;
import java.util.List;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Widths;

/** A plan as a drawing of its own: a column for each kind of units, in it a bar for each layer, kept before removed. */
public final class PlanSvg {

    private static final int MARGIN = 24;
    private static final int TOP = 84;
    private static final int ROW = 18;
    private static final int BAR = 12;
    private static final int BARS = 240;
    private static final int COLUMN = BARS + 110;
    private static final String STYLE = """
            svg { --ink: #1d2733; --soft: #5b6776; --kept: #1f7a4d; --gone: #cfe3d4; background: #fff }
            @media (prefers-color-scheme: dark) {
              svg { --ink: #e8edf2; --soft: #9aa7b5; --kept: #5fd39a; --gone: #2b4a3a; background: #111 }
            }
            text { font: 12px system-ui, sans-serif; fill: var(--soft) }
            .title { font: 600 16px system-ui, sans-serif; fill: var(--ink) }
            .name { font: 600 13px system-ui, sans-serif; fill: var(--ink) }
            .kept { fill: var(--kept) }
            .gone { fill: var(--gone) }
            """;

    private final Markup svg = new Markup();
    private final Plan plan;
    private final List<Widths> widths;

    private PlanSvg(Plan plan, List<Widths> widths) {
        this.plan = plan;
        this.widths = widths;
    }

    /** The whole drawing; {@code scores}, from which widths before pruning are read, may be null. */
    public static String drawing(Plan plan, ScoresFile scores) {
        PlanSvg drawing = new PlanSvg(plan, PlanWidths.of(plan, scores));
        List<UnitKind> kinds = Arrays.stream(UnitKind.values())
                .filter(kind -> drawing.widths.stream().anyMatch(w -> kind.width(w) > 0))
                .toList();
        String width = Integer.toString(Math.max(760, 2 * MARGIN + kinds.size() * COLUMN));
        String height = Integer.toString(TOP + drawing.widths.size() * ROW + MARGIN);
        drawing.svg
                .open(
                        "svg",
                        "xmlns",
                        "http://www.w3.org/2000/svg",
                        "role",
                        "img",
                        "width",
                        width,
                        "height",
                        height,
                        "viewBox",
                        "0 0 " + width + " " + height)
                .line()
                .style(STYLE)
                .line();
        drawing.text("title", MARGIN, MARGIN + 6, PlanText.heading(plan));
        drawing.text("key", MARGIN, MARGIN + 26, "Dark: kept. Light: removed. A row for each layer.");
        for (int k = 0; k < kinds.size(); k++) {
            drawing.column(kinds.get(k), MARGIN + k * COLUMN);
        }
        drawing.svg.close().line();
        return drawing.svg.finish();
    }

    private void column(UnitKind kind, int left) {
        text("name", left + 30, TOP - 10, kind.label());
        int widest = Math.max(1, widths.stream().mapToInt(kind::width).max().orElse(1));
        for (int row = 0; row < widths.size(); row++) {
            Widths of = widths.get(row);
            int full = kind.width(of);
            int kept = kind.count(plan, of.layer());
            int top = TOP + row * ROW;
            text("layer", left, top + 11, Integer.toString(of.layer()));
            bar("gone", left + 30, top, (double) BARS * full / widest);
            bar("kept", left + 30, top, (double) BARS * kept / widest);
            text("count", left + 36 + BARS, top + 11, kept == full ? Integer.toString(kept) : kept + " of " + full);
        }
    }

    private void bar(String style, int left, int top, double width) {
        svg.empty(
                        "rect",
                        "class",
                        style,
                        "x",
                        Integer.toString(left),
                        "y",
                        Integer.toString(top),
                        "width",
                        Plot.number(width),
                        "height",
                        Integer.toString(BAR))
                .line();
    }

    private void text(String style, int left, int top, String text) {
        svg.element("text", text, "class", style, "x", Integer.toString(left), "y", Integer.toString(top))
                .line();
    }
}
