package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** A device that the environment names and that is none: wrong usage, but only where something computes on it. */
class DeviceVariableTest {

    /** The system property that stands for {@code ESPALIER_DEVICE}, which this process cannot set for itself. */
    private static final String DEVICE = "espalier.device";

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
                    String said = withDevice("tpu", () -> Refusal.of(folder, Refusal.WRONG_USAGE, line));
                    assertTrue(said.contains("'tpu' in ESPALIER_DEVICE"), said);
                }));
    }

    @Test
    void aDeviceOfTheEnvironmentThatIsNoneMattersOnlyWhereItIsUsed() throws IOException {
        withDevice("tpu", () -> Refusal.of(folder, Refusal.FAILED, "bench @/m --device cpu"));
        withDevice("tpu", () -> Refusal.of(folder, Refusal.FAILED, "info @/m"));
        assertTrue(
                withDevice("tpu", () -> Ran.engine("prune", "--help").output()).contains("default: auto"));
    }

    /** What a run says. */
    @FunctionalInterface
    private interface Saying {
        String say() throws IOException;
    }

    private static String withDevice(String name, Saying run) throws IOException {
        String before = System.setProperty(DEVICE, name);
        try {
            return run.say();
        } finally {
            if (before == null) {
                System.clearProperty(DEVICE);
            } else {
                System.setProperty(DEVICE, before);
            }
        }
    }
}
