package org.espalier.report;

import java.util.List;
import org.espalier.plan.Frontier;
import org.espalier.plan.Frontier.Point;

/** What can be had of a model, as a drawing of its own: what is left of a quantity against the divergence that it costs. */
public final class FrontierSvg {

    private static final int WIDTH = 760;
    private static final int HEIGHT = 460;
    private static final int LEFT = 80;
    private static final int RIGHT = 32;
    private static final int TOP = 84;
    private static final int BOTTOM = 64;
    private static final int TICKS = 8;
    private static final double PERCENT = 100;
    private static final String STYLE = """
            svg { --ink: #1d2733; --soft: #5b6776; --line: #1f7a4d; --grid: #dde3ea; background: #fff }
            @media (prefers-color-scheme: dark) {
              svg { --ink: #e8edf2; --soft: #9aa7b5; --line: #5fd39a; --grid: #2a333d; background: #111 }
            }
            text { font: 12px system-ui, sans-serif; fill: var(--soft) }
            .title { font: 600 16px system-ui, sans-serif; fill: var(--ink) }
            .end { text-anchor: end }
            .middle { text-anchor: middle }
            line { stroke: var(--grid) }
            path { fill: none; stroke: var(--line); stroke-width: 2 }
            circle { fill: var(--line) }
            """;

    private final Markup svg = new Markup();
    private final Frontier frontier;
    private final Scale x;
    private final Scale y;

    private FrontierSvg(Frontier frontier) {
        this.frontier = frontier;
        this.x = Scale.linear(
                frontier.points().stream()
                        .mapToDouble(FrontierSvg::percent)
                        .min()
                        .orElseThrow(),
                PERCENT,
                TICKS);
        this.y = Scale.linear(
                0,
                frontier.points().stream().mapToDouble(Point::divergence).max().orElseThrow(),
                TICKS);
    }

    /** The whole drawing. */
    public static String drawing(Frontier frontier) {
        return new FrontierSvg(frontier).drawn();
    }

    private static double percent(Point point) {
        return PERCENT * point.share();
    }

    private String drawn() {
        String size = "0 0 " + WIDTH + " " + HEIGHT;
        svg.open(
                        "svg",
                        "xmlns",
                        "http://www.w3.org/2000/svg",
                        "role",
                        "img",
                        "width",
                        Integer.toString(WIDTH),
                        "height",
                        Integer.toString(HEIGHT),
                        "viewBox",
                        size)
                .line()
                .style(STYLE)
                .line();
        text("title", LEFT, TOP - 54, "What pruning %s costs".formatted(frontier.source()));
        text(
                "name",
                LEFT,
                TOP - 32,
                "divergence that is foretold, nats a token, of %,d plans from one table of widths"
                        .formatted(frontier.points().size()));
        axes();
        svg.empty("path", "d", path(frontier.points())).line();
        frontier.points().forEach(this::dot);
        svg.close().line();
        return svg.finish();
    }

    private void axes() {
        for (double tick : y.ticks()) {
            line(LEFT, WIDTH - RIGHT, top(tick), top(tick));
            text("end", LEFT - 8, top(tick) + 4, y.text(tick));
        }
        for (double tick : x.ticks()) {
            line(left(tick), left(tick), TOP, HEIGHT - BOTTOM);
            text("middle", left(tick), HEIGHT - BOTTOM + 18, x.text(tick) + " %");
        }
        text(
                "middle",
                (LEFT + WIDTH - RIGHT) / 2.0,
                HEIGHT - BOTTOM + 42,
                "%s left, of %,.0f %s".formatted(frontier.quantity(), frontier.before(), frontier.unit()));
    }

    private String path(List<Point> points) {
        StringBuilder path = new StringBuilder();
        for (Point point : points) {
            path.append(path.isEmpty() ? 'M' : 'L')
                    .append(Plot.number(left(percent(point))))
                    .append(' ')
                    .append(Plot.number(top(point.divergence())));
        }
        return path.toString();
    }

    private void dot(Point point) {
        svg.open(
                "circle",
                "r",
                "3.5",
                "cx",
                Plot.number(left(percent(point))),
                "cy",
                Plot.number(top(point.divergence())));
        svg.element(
                        "title",
                        "%,.0f %s (%.1f %%), %,d parameters, divergence %.4f"
                                .formatted(
                                        point.left(),
                                        frontier.unit(),
                                        percent(point),
                                        point.parameters(),
                                        point.divergence()))
                .close()
                .line();
    }

    private double left(double percent) {
        return LEFT + x.at(percent) * (WIDTH - LEFT - RIGHT);
    }

    private double top(double divergence) {
        return TOP + (1 - y.at(divergence)) * (HEIGHT - TOP - BOTTOM);
    }

    private void line(double fromX, double toX, double fromY, double toY) {
        svg.empty(
                        "line",
                        "x1",
                        Plot.number(fromX),
                        "x2",
                        Plot.number(toX),
                        "y1",
                        Plot.number(fromY),
                        "y2",
                        Plot.number(toY))
                .line();
    }

    private void text(String style, double left, double top, String text) {
        svg.element("text", text, "class", style, "x", Plot.number(left), "y", Plot.number(top))
                .line();
    }
}
