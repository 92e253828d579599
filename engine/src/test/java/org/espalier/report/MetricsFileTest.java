package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.espalier.error.Failure;
import org.espalier.tune.History;
import org.espalier.tune.Look;
import org.espalier.tune.Update;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsFileTest {

    private static final History HISTORY = new History(
            List.of(new Update(1, 100, 3.1, 1e-4, 0.1 + 0.2, 0.5), new Update(2, 250, 2.9, 2e-4, 1e-9, 0.25)),
            List.of(
                    new Look(0, 3.5, OptionalDouble.of(0.25), OptionalDouble.of(3)),
                    new Look(2, 3.4, OptionalDouble.empty(), OptionalDouble.empty())));

    @TempDir
    private Path folder;

    @Test
    void everyUpdateAndEveryLookIsALine() throws IOException {
        MetricsFile.writeInto(folder, HISTORY);
        assertEquals(
                List.of(
                        "{\"step\":0,\"eval_loss\":3.5,\"eval_divergence\":0.25,\"eval_cross_entropy\":3.0}",
                        "{\"step\":1,\"tokens\":100,\"loss\":3.1,\"learning_rate\":1.0E-4,"
                                + "\"gradient_norm\":0.30000000000000004,\"seconds\":0.5,\"tokens_per_second\":200.0}",
                        "{\"step\":2,\"tokens\":250,\"loss\":2.9,\"learning_rate\":2.0E-4,\"gradient_norm\":1.0E-9,"
                                + "\"seconds\":0.25,\"tokens_per_second\":600.0}",
                        "{\"step\":2,\"eval_loss\":3.4}"),
                Files.readAllLines(folder.resolve("metrics.jsonl")));
        assertEquals(HISTORY, MetricsFile.read(folder));
    }

    @Test
    void aLineThatIsMissingOrBrokenIsRefused() throws IOException {
        MetricsFile.writeInto(folder, HISTORY);
        Path file = folder.resolve("metrics.jsonl");
        List<String> lines = Files.readAllLines(file);
        for (List<String> other : List.of(
                List.of(lines.get(0), lines.get(2)),
                List.of(lines.get(0), lines.get(1).substring(0, 30)),
                List.of(lines.get(0), "{}"))) {
            Files.write(file, other);
            Failure refused = assertThrows(Failure.class, () -> MetricsFile.read(folder));
            assertTrue(refused.oneLine().contains("metrics.jsonl, line 2"), refused.oneLine());
        }
        Files.delete(file);
        assertThrows(Failure.class, () -> MetricsFile.read(folder));
    }
}
