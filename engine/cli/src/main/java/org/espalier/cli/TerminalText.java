package org.espalier.cli;

import org.espalier.error.Printable;

/**
 * A model's text as a terminal may show it, piece by piece: its line breaks and tabs are kept, other control characters are
 * written out, because they could act on the terminal.
 */
final class TerminalText {

    private static final String RETURN = "\r";

    /** A carriage return at the end of a piece, of which the next piece shows whether a line break ends there. */
    private String held = "";

    /** What to show after the piece before. */
    String piece(String piece) {
        String text = (held + piece).replace("\r\n", "\n");
        held = text.endsWith(RETURN) ? RETURN : "";
        return Printable.lines(text.substring(0, text.length() - held.length()));
    }

    /** What to show when no piece follows. */
    String rest() {
        String rest = held;
        held = "";
        return Printable.lines(rest);
    }
}
