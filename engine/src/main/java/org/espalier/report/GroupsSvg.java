package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.espalier.couple.Member;
import org.espalier.report.GroupKinds.Kind;
import org.espalier.report.GroupKinds.Part;
import org.espalier.tensor.Shape;

/**
 * Groups as a drawing: a row for every kind, in it a rectangle for every tensor, in that the stripes of the first unit.
 * Sides grow with the square root of the extents.
 */
public final class GroupsSvg {

    private static final int WIDTH = 1120;
    private static final int MARGIN = 24;
    private static final int LONGEST = 130;
    private static final int SHORTEST = 10;
    private static final double CHARACTER = 6.7;
    private static final String STYLE = """
            svg { --ink: #1d2733; --soft: #5b6776; --units: #cfe3d4; --first: #1f7a4d; --line: #9fb0a6; background: #fff }
            @media (prefers-color-scheme: dark) {
              svg { --ink: #e8edf2; --soft: #9aa7b5; --units: #2b4a3a; --first: #5fd39a; --line: #52665b; background: #111 }
            }
            text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--soft) }
            .title { font: 600 16px system-ui, sans-serif; fill: var(--ink) }
            .sizes { font: 13px system-ui, sans-serif }
            .name { fill: var(--ink) }
            .units { fill: var(--units) }
            .first { fill: var(--first) }
            .edge { fill: none; stroke: var(--line) }
            """;

    private final List<Consumer<Markup>> marks = new ArrayList<>();
    private double x;
    private double y = MARGIN;
    private double rowHeight;

    private GroupsSvg() {}

    /** The whole drawing, under a heading, as a file of its own. */
    public static String drawing(String heading, GroupKinds groups) {
        Markup markup = new Markup();
        draw(markup, heading, groups);
        return markup.finish();
    }

    /** The same on a page. */
    public static String page(String heading, GroupKinds groups) {
        Markup page = new Markup();
        page.open("html", "lang", "en", "xmlns", "http://www.w3.org/1999/xhtml")
                .line()
                .open("head")
                .line();
        page.empty("meta", "charset", "utf-8").line();
        page.empty("meta", "name", "color-scheme", "content", "light dark").line();
        page.element("title", heading).close().line().open("body").line();
        draw(page, heading, groups);
        page.close().close().line();
        return "<!DOCTYPE html>\n" + page.finish();
    }

    private static void draw(Markup to, String heading, GroupKinds groups) {
        GroupsSvg svg = new GroupsSvg();
        svg.line("title", heading, 20);
        svg.line("sizes", "Dark: what goes with the first unit of a group. Light: its other units.", 30);
        groups.kinds().forEach(svg::kind);
        GroupsText.frozen(groups.frozen())
                .forEach(text -> svg.line(text.startsWith(" ") ? "sizes" : "title", text, 18));
        String height = Plot.number(svg.y);
        to.open(
                        "svg",
                        "xmlns",
                        "http://www.w3.org/2000/svg",
                        "role",
                        "img",
                        "width",
                        String.valueOf(WIDTH),
                        "height",
                        height,
                        "viewBox",
                        "0 0 " + WIDTH + " " + height)
                .line()
                .style(STYLE)
                .line();
        svg.marks.forEach(mark -> {
            mark.accept(to);
            to.line();
        });
        to.close().line();
    }

    private void kind(Kind kind) {
        line("title", GroupKinds.title(kind), 20);
        line("sizes", GroupKinds.sizes(kind), 14);
        long largest = kind.parts().stream()
                .mapToLong(p -> Math.max(rows(p.first()), columns(p.first())))
                .max()
                .orElse(1);
        x = MARGIN;
        rowHeight = 0;
        for (Part part : kind.parts()) {
            part(part, kind.first().units(), side(rows(part.first()), largest), side(columns(part.first()), largest));
        }
        y += rowHeight + MARGIN;
    }

    private void part(Part part, long units, double height, double width) {
        Shape shape = part.first().tensor().shape();
        List<String> labels = List.of(
                part.name(),
                GroupKinds.share(part) + " "
                        + GroupKinds.axisName(shape, part.first().axis()),
                GroupKinds.text(part.layers()));
        double needed = Math.max(
                        width,
                        CHARACTER
                                * 1.1
                                * labels.stream().mapToInt(String::length).max().orElse(0))
                + MARGIN;
        if (x > MARGIN && x + needed > WIDTH) {
            y += rowHeight + MARGIN / 2.0;
            x = MARGIN;
            rowHeight = 0;
        }
        stripes(part.first(), units, height, width);
        rectangle("edge", x, y, width, height);
        for (int i = 0; i < labels.size(); i++) {
            text(i == 0 ? "name" : "count", x, y + height + 15 * (i + 1), labels.get(i));
        }
        x += needed;
        rowHeight = Math.max(rowHeight, height + 15 * labels.size() + 4);
    }

    private void stripes(Member member, long units, double height, double width) {
        boolean horizontal = horizontal(member);
        double scale = (horizontal ? height : width) / member.tensor().shape().dim(member.axis());
        for (Member.Run run : member.runs()) {
            for (long o = 0; o < run.outer(); o++) {
                double begin = (run.offset() + o * run.period()) * scale;
                stripe("units", horizontal, begin, units * run.stride() * scale, height, width);
                stripe("first", horizontal, begin, Math.max(1, run.stride() * scale), height, width);
            }
        }
    }

    private void stripe(String style, boolean horizontal, double begin, double thickness, double height, double width) {
        if (horizontal) {
            rectangle(style, x, y + begin, width, thickness);
        } else {
            rectangle(style, x + begin, y, thickness, height);
        }
    }

    /** Whether an axis runs down a drawing, so that its entries lie across it: all but the last of several. */
    private static boolean horizontal(Member member) {
        return member.tensor().shape().rank() == 1
                || member.axis() < member.tensor().shape().rank() - 1;
    }

    private static long rows(Member member) {
        Shape shape = member.tensor().shape();
        return shape.rank() == 1 ? shape.elements() : shape.elements() / shape.dim(-1);
    }

    private static long columns(Member member) {
        Shape shape = member.tensor().shape();
        return shape.rank() == 1 ? 1 : shape.dim(-1);
    }

    private static double side(long extent, long largest) {
        return SHORTEST + (LONGEST - SHORTEST) * Math.sqrt((double) extent / largest);
    }

    private void line(String style, String text, double advance) {
        text(style, MARGIN, y, text);
        y += advance;
    }

    private void text(String style, double atX, double atY, String text) {
        marks.add(m -> m.element("text", text, "class", style, "x", Plot.number(atX), "y", Plot.number(atY)));
    }

    private void rectangle(String style, double atX, double atY, double width, double height) {
        marks.add(m -> m.empty(
                "rect",
                "class",
                style,
                "x",
                Plot.number(atX),
                "y",
                Plot.number(atY),
                "width",
                Plot.number(width),
                "height",
                Plot.number(height)));
    }
}
