package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.TestFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Manual pages and completion of an installed program. */
class ManualTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Manual.main(new String[] {folder.toString()});
    }

    @Test
    void everyCommandHasAPage() throws IOException {
        List<String> pages = TestFiles.names(folder.resolve("man/man1"));
        assertTrue(
                pages.containsAll(List.of("engine.1", "engine-prune.1", "engine-eval-ppl.1", "engine-plan-diff.1")),
                pages.toString());
        for (String command : EveryCommandTest.PLAUSIBLE.keySet()) {
            assertTrue(pages.contains("engine-" + command.replace(' ', '-') + ".1"), command);
        }
        String page = Files.readString(folder.resolve("man/man1/engine-quantize.1"));
        assertTrue(page.startsWith(".TH \"ENGINE-QUANTIZE\" \"1\""), page);
        assertTrue(page.contains("int8\\-row"), page);
        assertFalse(page.contains("${"), page);
    }

    /** What the formatter of manual pages warns of goes to stderr. */
    @Test
    void pagesAreFormattedWithoutAWord() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/groff")), "skipped: groff is not installed");
        for (String name : TestFiles.names(folder.resolve("man/man1"))) {
            String path = folder.resolve("man/man1/" + name).toString();
            Process groff = new ProcessBuilder("groff", "-man", "-Tutf8", "-ww", "-Kutf8", path).start();
            String text = new String(groff.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals("", new String(groff.getErrorStream().readAllBytes(), StandardCharsets.UTF_8), name);
            assertEquals(0, groff.waitFor());
            assertTrue(text.contains("Usage: engine"), text);
        }
    }

    /** The completion is asked as bash asks it. */
    @Test
    void bashCompletesCommandsAndOptions() throws Exception {
        assertTrue(completed("engine", "quan").contains("quantize"));
        assertTrue(completed("engine", "quantize", "--dt").contains("--dtype"));
    }

    private String completed(String... words) throws Exception {
        String script = """
                . "$1"
                shift
                COMP_WORDS=("$@")
                COMP_CWORD=$(($# - 1))
                COMP_LINE="$*"
                COMP_POINT=${#COMP_LINE}
                _complete_engine
                printf '%s\\n' "${COMPREPLY[@]}"
                """;
        List<String> line = new ArrayList<>(List.of(
                "bash",
                "-c",
                script,
                "bash",
                folder.resolve("bash-completion/completions/engine").toString()));
        line.addAll(List.of(words));
        Process bash = new ProcessBuilder(line).redirectErrorStream(true).start();
        return new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
