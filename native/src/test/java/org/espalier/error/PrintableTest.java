package org.espalier.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PrintableTest {

    private static final String WILD = "a\u001b[31m\u0007\u009b2J\u202eb\u2066\r\n\t\u2028\ud800";
    private static final String SHOWN =
            "a\\u001b[31m\\u0007\\u009b2J\\u202eb\\u2066\\u000d\\u000a\\u0009\\u2028\\ud800";

    @Test
    void whatActsOnATerminalIsWrittenOut() {
        assertEquals(SHOWN, Printable.line(WILD));
        assertEquals(SHOWN, Printable.cell(WILD));
        assertEquals("'" + SHOWN + "'", Printable.quoted(WILD));
        assertEquals(SHOWN.replace("\\u000a\\u0009", "\n\t"), Printable.lines(WILD));
        assertEquals("[\"\\u009b\"]", Printable.json("[\"\u009b\"]"));
    }

    @Test
    void textsOfEveryScriptStayAsTheyAre() {
        String text = "Grüße, 你好, שלום, سلام, हिन्दी, 👩\u200d💻, می\u200cخواهم";
        assertEquals(text, Printable.lines(text));
        assertEquals("a\\u200db", Printable.line("a\u200db"), "a name that is not what it looks like");
        assertEquals("\\udb40\\udc41", Printable.cell("\udb40\udc41"));
    }

    @Test
    void lengthsAreBoundedWithoutCuttingACharacterInHalf() {
        assertEquals("'" + "😀".repeat(80) + "'", Printable.quoted("😀".repeat(80)));
        assertEquals("'" + "😀".repeat(80) + "…'", Printable.quoted("😀".repeat(81)));
        assertEquals("😀".repeat(150) + "…" + "😀".repeat(149) + "b", Printable.cell("😀".repeat(5000) + "b"));
        assertEquals(2001, Printable.line("a".repeat(1 << 20)).length());
    }

    @Test
    void aFailureIsOneBoundedLineWhateverItsPartsAre() {
        Failure failure = new Failure("a \r\n b" + WILD, "x".repeat(100_000) + "/end", "do\n\n\nthis");
        String line = failure.oneLine();
        assertTrue(line.startsWith("a ba\\u001b[31m\\u0007"), line);
        assertTrue(line.endsWith("/end): do this"), line);
        assertTrue(line.length() < 3000, line);
        assertFalse(line.codePoints().anyMatch(Printable::isControl), line);
    }
}
