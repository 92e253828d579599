package org.espalier.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.espalier.job.Engine;
import org.espalier.job.OpenModel;
import org.espalier.job.PerplexityJob;
import org.espalier.job.PerplexitySettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example that the README shows to those who use the engine as a library. */
class SmallerModelTest {

    private static final int MOST_LINES = 25;

    @TempDir
    private Path folder;

    @Test
    void itPrunesAndTrainsBack() throws Exception {
        double recovered = Double.parseDouble(run());
        Measured dense = measured("model");
        Measured pruned = measured("pruned");
        // A step is 32 neurons of 128 channels in three matrices.
        assertEquals(0.8 * dense.parameters, (double) pruned.parameters, 32 * 3 * 128 / 2.0);
        assertTrue(recovered < pruned.perplexity, () -> dense + ", " + pruned + ", " + recovered);
    }

    private record Measured(long parameters, double perplexity) {}

    private String run() throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            SmallerModel.main(new String[] {folder.toString()});
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8).strip();
    }

    private Measured measured(String model) {
        PerplexitySettings settings = PerplexitySettings.on(folder.resolve("unseen.txt"));
        Engine engine = Engine.silent();
        try (OpenModel open = engine.open(folder.resolve(model))) {
            return new Measured(
                    open.parameters(),
                    new PerplexityJob(engine, settings).run(open).ppl());
        }
    }

    @Test
    void theReadmeShowsItAsItIs() throws Exception {
        Path repository = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(repository.resolve("kernels"))) {
            repository = repository.getParent();
        }
        List<String> lines =
                Files.readAllLines(repository.resolve("engine/src/test/java/org/espalier/example/SmallerModel.java"));
        assertTrue(lines.size() <= MOST_LINES, () -> lines.size() + " lines");
        String shown =
                lines.stream().map(line -> line.isEmpty() ? "" : "    " + line).collect(Collectors.joining("\n"));
        assertTrue(Files.readString(repository.resolve("README.md")).contains("\n" + shown + "\n"), shown);
    }
}
