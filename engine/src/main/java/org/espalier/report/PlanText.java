package org.espalier.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.error.Printable;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Choice;
import org.espalier.plan.Plan;
import org.espalier.report.Comparison.Widths;

/** A plan as a picture for a terminal: for each layer and kind of units a bar, what is kept of what was there. */
public final class PlanText {

    private static final int CELLS = 24;

    private PlanText() {}

    /** The whole picture; {@code scores} may be null. */
    public static String of(Plan plan, ScoresFile scores) {
        List<Widths> widths = PlanWidths.of(plan, scores);
        List<String> lines = new ArrayList<>(List.of(
                heading(plan),
                "█ kept   ░ removed"
                        + (scores == null
                                ? ""
                                : "   scores: ● median kept, ○ median removed, lowest to highest, logarithmic")));
        Map<UnitKind, Integer> widest = widest(widths);
        Set<UnitKind> kinds = widest.keySet();
        StringBuilder names = new StringBuilder("layer");
        kinds.forEach(kind -> names.append("  ").append(pad(kind.label(), cell(kind, widest.get(kind)))));
        List<ScoreStrip> strips = scores == null ? List.of() : ScoreStrip.of(plan, scores, CELLS);
        strips.forEach(strip -> names.append("  ").append(pad(strip.title(), CELLS)));
        lines.add(names.toString().stripTrailing());
        for (Widths of : widths) {
            String layer = Integer.toString(of.layer());
            StringBuilder line = new StringBuilder(pad("", "layer".length() - layer.length())).append(layer);
            for (UnitKind kind : kinds) {
                line.append("  ").append(pad(bar(plan, kind, of, widest.get(kind)), cell(kind, widest.get(kind))));
            }
            strips.forEach(strip -> line.append("  ").append(strip.row(of.layer())));
            lines.add(line.toString().stripTrailing());
        }
        return String.join(System.lineSeparator(), lines);
    }

    /** The units of the widest layer, of each kind that there is. */
    private static Map<UnitKind, Integer> widest(List<Widths> widths) {
        Map<UnitKind, Integer> widest = new EnumMap<>(UnitKind.class);
        for (UnitKind kind : UnitKind.values()) {
            widths.stream()
                    .mapToInt(kind::width)
                    .filter(width -> width > 0)
                    .max()
                    .ifPresent(w -> widest.put(kind, w));
        }
        return widest;
    }

    /** What the plan is and does, in a line. */
    static String heading(Plan plan) {
        double removed = plan.parameters().removed();
        String channels = plan.kept().channels() == null
                ? ""
                : ", %,d channels kept".formatted(plan.kept().channels().length);
        String tokens = plan.kept()
                .tokens()
                .map(group -> ", %,d tokens kept".formatted(group.kept().length))
                .orElse("");
        return "%s: %,d of %,d parameters kept, %.2f %% removed%s (%s, %s, %s%s)"
                .formatted(
                        Printable.cell(plan.source().path()),
                        plan.parameters().after(),
                        plan.parameters().before(),
                        100 * removed,
                        channels + tokens,
                        plan.choice().mode(),
                        plan.choice().scope(),
                        plan.chosenBy(),
                        widths(plan.choice()));
    }

    /** How widths were restricted, if they were. */
    private static String widths(Choice choice) {
        return (choice.rounded() == 1 ? "" : ", widths multiples of " + choice.rounded())
                + (choice.equalLayers() ? ", all layers equal" : "");
    }

    private static String bar(Plan plan, UnitKind kind, Widths of, int widest) {
        int full = kind.width(of);
        int kept = kind.count(plan, of.layer());
        int cells = Math.min(CELLS, widest);
        int denseCells = Math.round((float) cells * full / widest);
        int keptCells = Math.round((float) cells * kept / widest);
        return "█".repeat(keptCells) + "░".repeat(Math.max(0, denseCells - keptCells))
                + " ".repeat(cells - Math.max(denseCells, keptCells)) + " "
                + (kept == full ? Integer.toString(kept) : kept + " of " + full);
    }

    private static int cell(UnitKind kind, int widest) {
        int digits = Integer.toString(widest).length();
        return Math.max(kind.label().length(), Math.min(CELLS, widest) + 1 + 2 * digits + " of ".length());
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
