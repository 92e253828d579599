package org.espalier.report;

import java.util.Arrays;
import java.util.List;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Widths;

/** How wide each layer was and is: for each kind of units, a bar a layer, what was there behind what is kept. */
final class WidthChart {

    private static final int ROW = 18;
    private static final int BAR = 12;
    private static final int BASELINE = 13;

    private WidthChart() {}

    /** Whether there is something to draw. */
    static boolean has(Comparison run) {
        return run.plan() != null && !run.widths().isEmpty();
    }

    static void draw(Markup page, Comparison run) {
        page.open("div", "class", "columns");
        for (UnitKind kind : UnitKind.values()) {
            int before = run.widths().stream().mapToInt(kind::width).sum();
            int after = run.widths().stream()
                    .mapToInt(w -> kind.count(run.plan(), w.layer()))
                    .sum();
            if (after < before) {
                figure(page, run, kind, before, after);
            }
        }
        page.close();
        alike(page, run);
    }

    /** Says what all layers have alike: kinds of units that all stay, and the width of the residual stream. */
    private static void alike(Markup page, Comparison run) {
        List<String> all = Arrays.stream(UnitKind.values())
                .filter(kind -> run.widths().stream().allMatch(w -> kind.count(run.plan(), w.layer()) == kind.width(w)))
                .map(UnitKind::label)
                .toList();
        if (!all.isEmpty()) {
            page.element("p", "In every layer all " + String.join(", all ", all) + " are kept.", "class", "note");
        }
        if (run.plan().kept().channels() != null) {
            page.element(
                    "p",
                    "Everywhere %s channels of the residual stream are kept."
                            .formatted(Figures.count(run.plan().kept().channels().length)),
                    "class",
                    "note");
        }
    }

    private static void figure(Markup page, Comparison run, UnitKind kind, int before, int after) {
        page.open("figure");
        page.open("figcaption")
                .element("b", kind.label())
                .text(" %s of %s".formatted(Figures.count(after), Figures.count(before)))
                .close();
        page.open(
                "svg",
                "class",
                "bars",
                "role",
                "img",
                "height",
                Integer.toString(run.widths().size() * ROW));
        page.element("title", "Kept %s of each layer".formatted(kind.label()));
        page.element("desc", description(run, kind));
        int widest =
                Math.max(1, run.widths().stream().mapToInt(kind::width).max().orElseThrow());
        for (int row = 0; row < run.widths().size(); row++) {
            row(page, run.plan(), kind, run.widths().get(row), widest, row * ROW);
        }
        page.close().close().line();
    }

    private static void row(Markup page, Plan plan, UnitKind kind, Widths widths, int widest, int top) {
        int full = kind.width(widths);
        int kept = kind.count(plan, widths.layer());
        String middle = Integer.toString(top + BASELINE);
        page.element("text", Integer.toString(widths.layer()), "class", "tick end", "x", "-8", "y", middle);
        bar(page, "full", percent(full, widest), top);
        bar(page, kept < full ? "kept cut" : "kept", percent(kept, widest), top);
        page.element(
                "text",
                Figures.count(kept) + (kept < full ? " of " + Figures.count(full) : ""),
                "class",
                kept < full ? "tick strong" : "tick",
                "x",
                "100%",
                "dx",
                "8",
                "y",
                middle);
    }

    private static void bar(Markup page, String kind, String width, int top) {
        page.empty(
                "rect",
                "class",
                kind,
                "x",
                "0",
                "y",
                Integer.toString(top + (ROW - BAR) / 2),
                "width",
                width,
                "height",
                Integer.toString(BAR));
    }

    private static String description(Comparison run, UnitKind kind) {
        StringBuilder all = new StringBuilder();
        run.widths()
                .forEach(w -> all.append("Layer ")
                        .append(w.layer())
                        .append(": ")
                        .append(kind.count(run.plan(), w.layer()))
                        .append(" of ")
                        .append(kind.width(w))
                        .append(". "));
        return all.toString().strip();
    }

    private static String percent(int part, int whole) {
        return Plot.number(100.0 * part / whole) + "%";
    }
}
