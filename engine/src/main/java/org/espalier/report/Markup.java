package org.espalier.report;

import java.util.ArrayDeque;
import java.util.Deque;
import org.espalier.error.Printable;

/**
 * Writes markup that is well-formed as HTML and as XML: every element that is opened is closed, and every text and
 * attribute value is escaped, so that what a model wrote or a file is called cannot become part of the page.
 */
final class Markup {

    private static final String REPLACEMENT = "\uFFFD";

    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /** Opens an element; {@code attributes} are names and values in turns. */
    Markup open(String element, String... attributes) {
        tag(element, attributes).append('>');
        open.push(element);
        return this;
    }

    /** Closes the element opened last. */
    Markup close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** An element with nothing but text in it. */
    Markup element(String element, String text, String... attributes) {
        return open(element, attributes).text(text).close();
    }

    /** An element that HTML never closes, such as {@code meta}, or a shape of SVG. */
    Markup empty(String element, String... attributes) {
        tag(element, attributes).append("/>");
        return this;
    }

    Markup text(String text) {
        escape(text);
        return this;
    }

    /** A line break in the source, for those who read it. */
    Markup line() {
        out.append('\n');
        return this;
    }

    /**
     * A style sheet, which HTML and XML read alike only without the characters that XML escapes.
     *
     * @throws IllegalArgumentException if it has one
     */
    Markup style(String css) {
        if (css.contains("<") || css.contains("&")) {
            throw new IllegalArgumentException("a style sheet with < or & is not the same in HTML and XML");
        }
        out.append("<style>").append(css).append("</style>");
        return this;
    }

    /** All that was written. */
    String finish() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("still open: " + open);
        }
        return out.toString();
    }

    private StringBuilder tag(String element, String... attributes) {
        out.append('<').append(element);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(attributes[i + 1]);
            out.append('"');
        }
        return out;
    }

    private void escape(String text) {
        int written = 0;
        int next;
        for (int at = 0; at < text.length(); at = next) {
            int c = text.codePointAt(at);
            next = at + Character.charCount(c);
            String entity = entity(c);
            if (entity != null) {
                out.append(text, written, at).append(entity);
                written = next;
            }
        }
        out.append(text, written, text.length());
    }

    /** What stands for a character; null if it stands for itself. */
    private static String entity(int c) {
        return switch (c) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&quot;";
            default -> allowed(c) ? null : REPLACEMENT;
        };
    }

    /** Whether XML can hold this character at all, and a reader sees it where it stands. */
    private static boolean allowed(int c) {
        return c >= ' ' && c <= '~'
                || c == '\t'
                || c == '\n'
                || c == '\r'
                || !Printable.isControl(c) && c != 0xFFFE && c != 0xFFFF;
    }
}
