package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MainTest {

    @Test
    void versionNamesTheBuild() {
        Ran ran = Ran.engine("--version");
        assertEquals(0, ran.status());
        assertTrue(
                ran.out()
                        .matches(
                                "engine \\d+\\.\\d+\\.\\d+\\S* \\((commit [0-9a-f]{12}( with changes)?, )?Java \\S+, .+\\)\\R"),
                ran.out());
        assertEquals(ofARepository(), ran.out().contains("(commit "), ran.out());
        assertEquals("", ran.err());
    }

    /** An archive of the sources has no commit to name. */
    private static boolean ofARepository() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve(".git"))) {
                return true;
            }
        }
        return false;
    }

    @Test
    void helpIsGood() {
        Ran ran = Ran.engine("--help");
        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("Usage: engine"), ran.out());
        assertEquals("", ran.err());
    }

    @Test
    void wrongUsageIsOneLine() {
        assertEquals(
                "engine: unknown option '--bogus' (engine): see 'engine --help'",
                Ran.engine("--bogus").failure(2));
    }
}
