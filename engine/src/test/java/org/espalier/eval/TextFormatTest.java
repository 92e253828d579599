package org.espalier.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextFormatTest {

    @TempDir
    private Path folder;

    @Test
    void wikitextKeepsSpacesAndLineFeedsOfRowsWithText() {
        assertEquals("\n\n = Title = \n\n\n\n\n Text \n", TextFormat.WIKITEXT.join(" \n = Title = \n \n Text \n"));
    }

    @Test
    void linesAreStrippedRows() {
        assertEquals("one\n\ntwo\n\n\n\nthree", TextFormat.LINES.join(" one \r\ntwo\n\n\tthree\n"));
    }

    @Test
    void textIsTheWholeFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), " ä\r\n\nb\n");
        assertEquals(" ä\r\n\nb\n", TextFormat.TEXT.read(file));
    }

    @Test
    void wikitextOfTheOfficialSplitBeginsAsPublished() {
        String text = TextFormat.WIKITEXT.read(Shared.path("data/wikitext2/wiki.test.raw"));
        String start = "\n\n = Robert Boulter = \n\n\n\n\n Robert Boulter is an English film , ";
        assertEquals(start, text.substring(0, start.length()));
    }

    @Test
    void whatIsNoTextIsAFailure() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        Path latin1 = Files.write(folder.resolve("latin1"), new byte[] {'a', (byte) 0xe4, '\n'});
        assertFailure("no text", empty);
        assertFailure("not UTF-8", latin1);
        assertFailure("folder", folder);
        assertFailure("no such file", folder.resolve("missing"));
    }

    private static void assertFailure(String subject, Path file) {
        Failure failure = assertThrows(Failure.class, () -> TextFormat.LINES.read(file));
        assertTrue(failure.problem().contains(subject), failure.oneLine());
    }
}
