package org.espalier.template;

/** Gets what a template prints. */
final class TextSink {

    private final Budget budget;
    private final StringBuilder text = new StringBuilder();

    TextSink(Budget budget) {
        this.budget = budget;
    }

    void append(String piece) {
        budget.characters(piece.length());
        text.append(piece);
    }

    int length() {
        return text.length();
    }

    String text() {
        return text.toString();
    }
}
