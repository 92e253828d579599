package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What the environment chooses and there is not: wrong usage, but only where something computes by it. */
class EnvironmentChoicesTest {

    /** The system properties that stand for variables, which this process cannot set for itself. */
    private static final String DEVICE = "espalier.device";

    private static final String GRAPHS = "espalier.cuda.graphs";

    @TempDir
    private Path folder;

    /** What of them computes looks at the device that the environment names, unless the command line names one. */
    @TestFactory
    Stream<DynamicTest> deviceOfTheEnvironmentThatIsNone() {
        return Stream.of(
                        "generate @/m --prompt x",
                        "logits @/m --ids 1 --out @/o",
                        "eval ppl @/m --data @/f",
                        "score @/m --criterion l2 --out @/o",
                        "prune @/m --criterion l2 --out @/o --require-cuda",
                        "run @/m --criterion l2 --data @/f --out @/o",
                        "tune @/m --data @/f --out @/o",
                        "bench @/m",
                        "pretrain --out @/o",
                        "demo --out @/o")
                .map(line -> DynamicTest.dynamicTest("ESPALIER_DEVICE=tpu engine " + line, () -> {
                    String said = with(DEVICE, "tpu", () -> Refusal.of(folder, Refusal.WRONG_USAGE, line));
                    assertTrue(said.contains("'tpu' in ESPALIER_DEVICE"), said);
                }));
    }

    @Test
    void aDeviceOfTheEnvironmentThatIsNoneMattersOnlyWhereItIsUsed() throws IOException {
        with(DEVICE, "tpu", () -> Refusal.of(folder, Refusal.FAILED, "bench @/m --device cpu"));
        with(DEVICE, "tpu", () -> Refusal.of(folder, Refusal.FAILED, "info @/m"));
        assertTrue(with(DEVICE, "tpu", () -> Ran.engine("prune", "--help").output())
                .contains("default: auto"));
    }

    /** Wherever a GPU may compute, on every machine alike. */
    @TestFactory
    Stream<DynamicTest> graphsThatAreNeitherOnNorOff() {
        return Stream.of(
                        "generate @/m --prompt x --device auto",
                        "generate @/m --prompt x --device cuda",
                        "logits @/m --ids 1 --out @/o --backend cuda",
                        "bench @/m --require-cuda --device auto")
                .map(line -> DynamicTest.dynamicTest("ESPALIER_CUDA_GRAPHS=nonsense engine " + line, () -> {
                    String said = with(GRAPHS, "nonsense", () -> Refusal.of(folder, Refusal.WRONG_USAGE, line));
                    assertTrue(said.contains("'nonsense' in ESPALIER_CUDA_GRAPHS"), said);
                }));
    }

    @Test
    void graphsMatterOnlyWhereAGpuMayCompute() throws IOException {
        with(GRAPHS, "nonsense", () -> Refusal.of(folder, Refusal.FAILED, "generate @/m --prompt x --device cpu"));
        with(GRAPHS, "nonsense", () -> Refusal.of(folder, Refusal.FAILED, "info @/m"));
        for (String sound : new String[] {"on", "off", ""}) {
            with(GRAPHS, sound, () -> Refusal.of(folder, Refusal.FAILED, "generate @/m --prompt x --device auto"));
        }
    }

    /** What a run says. */
    @FunctionalInterface
    private interface Saying {
        String say() throws IOException;
    }

    private static String with(String property, String value, Saying run) throws IOException {
        String before = System.setProperty(property, value);
        try {
            return run.say();
        } finally {
            if (before == null) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, before);
            }
        }
    }
}
