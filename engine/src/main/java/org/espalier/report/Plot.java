package org.espalier.report;

import java.util.List;
import java.util.Locale;

/**
 * The frame of a chart as inline SVG that is as wide as the page lets it be: places along the width are percentages and
 * text keeps its size, so that a chart is readable on a phone and on a wide screen alike. The margins in which ticks and
 * names stand are left by the style sheet.
 */
final class Plot {

    /** Side of the square that paths are drawn in before it is stretched over the frame. */
    private static final double CANVAS = 1000;

    private final Markup page;
    private final Scale x;
    private final Scale y;

    private Plot(Markup page, Scale x, Scale y) {
        this.page = page;
        this.x = x;
        this.y = y;
    }

    /**
     * Opens a chart, which {@link #close} ends.
     *
     * @param title       name of the picture, for those who cannot see it
     * @param description what it shows, likewise
     */
    static Plot open(Markup page, Scale x, Scale y, String title, String description) {
        page.open("svg", "class", "plot", "role", "img");
        page.element("title", title).element("desc", description);
        return new Plot(page, x, y);
    }

    /** An entry of the legend above a chart: what is drawn in the colour of {@code kind}. */
    static void key(Markup page, String kind, String name) {
        page.open("span", "class", "key");
        page.element("span", "", "class", "swatch " + kind).text(" " + name).close();
    }

    /** Draws lines and numbers for the ticks, and the names of the axes. */
    Plot axes(String xName, String yName) {
        for (double tick : y.ticks()) {
            page.empty("line", "class", "grid", "x1", "0%", "x2", "100%", "y1", top(tick), "y2", top(tick));
            page.element("text", y.text(tick), "class", "tick end", "x", "-8", "y", top(tick), "dy", "4");
        }
        page.empty("line", "class", "axis", "x1", "0%", "x2", "100%", "y1", "100%", "y2", "100%");
        for (double tick : x.ticks()) {
            page.element("text", x.text(tick), "class", "tick middle", "x", left(tick), "y", "100%", "dy", "18");
        }
        page.element("text", xName, "class", "name middle", "x", "50%", "y", "100%", "dy", "36");
        page.element("text", yName, "class", "name", "x", "0", "y", "0%", "dy", "-12");
        return this;
    }

    /** A line through points; a point without a number interrupts it. */
    Plot line(String kind, List<Comparison.Point> points) {
        page.open("svg", "viewBox", "0 0 1000 1000", "preserveAspectRatio", "none", "width", "100%", "height", "100%");
        page.empty("path", "class", "line " + kind, "d", path(points));
        page.close();
        return this;
    }

    /** A dot. */
    Plot dot(String kind, double atX, double atY, String hint) {
        page.open("circle", "class", "dot " + kind, "cx", left(atX), "cy", top(atY), "r", "4");
        page.element("title", hint).close();
        return this;
    }

    /** A short text beside a point. */
    Plot label(double atX, double atY, String text) {
        page.element("text", text, "class", "tick", "x", left(atX), "y", top(atY), "dx", "8", "dy", "4");
        return this;
    }

    /**
     * A vertical bar.
     *
     * @param shift of its middle to the right, in pixels
     * @param width in pixels
     */
    Plot bar(String kind, double atX, double fromY, double toY, double shift, double width) {
        page.empty(
                "line",
                "class",
                "bar " + kind,
                "x1",
                left(atX),
                "x2",
                left(atX),
                "y1",
                top(fromY),
                "y2",
                top(toY),
                "stroke-width",
                number(width),
                "transform",
                "translate(" + number(shift) + " 0)");
        return this;
    }

    void close() {
        page.close();
    }

    private String path(List<Comparison.Point> points) {
        StringBuilder path = new StringBuilder();
        boolean pen = false;
        for (Comparison.Point point : points) {
            if (point.loss() != null) {
                path.append(pen ? 'L' : 'M')
                        .append(number(CANVAS * x.at(point.step())))
                        .append(' ')
                        .append(number(CANVAS * (1 - y.at(point.loss()))));
            }
            pen = point.loss() != null;
        }
        return path.toString();
    }

    private String left(double number) {
        return number(100 * x.at(number)) + "%";
    }

    private String top(double number) {
        return number(100 * (1 - y.at(number))) + "%";
    }

    /** Two decimals are a hundredth of a pixel or less. */
    static String number(double number) {
        // Most are whole, and a page may have ten thousands of them: a formatter takes most of its time.
        if (Figures.isSmallCount(number)) {
            return Integer.toString((int) number);
        }
        return String.format(Locale.ROOT, "%.2f", number).replaceFirst("\\.?0+$", "");
    }
}
