package org.espalier.template;

import java.util.List;

/**
 * What was rendered.
 *
 * @param generated what stands in {@code generation} blocks; empty where one was printed by way of a macro or a variable, so
 *                  that its place is not known
 */
public record Rendered(String text, List<Span> generated) {

    /**
     * A part of the text.
     *
     * @param start index of its first character
     * @param end   index after its last
     */
    public record Span(int start, int end) {}
}
