package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MainTest {

    @Test
    void versionNamesTheBuild() {
        Ran ran = Ran.engine("--version");
        assertEquals(0, ran.status());
        assertTrue(ran.out().matches("engine \\d+\\.\\d+\\.\\d+\\S* \\(Java \\S+, .+\\)\\R"), ran.out());
        assertEquals("", ran.err());
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
