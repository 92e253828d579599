package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.Golden;
import org.espalier.backend.cuda.StandIn;
import org.espalier.format.SafetensorsFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a command computes: {@code --device}, {@code --require-cuda}, and what is said when it is not the GPU. */
@ExtendWith(StandIn.class)
class DeviceOptionTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--device cuda",
                "--device auto",
                "--device auto --require-cuda",
                "--backend cuda",
                "--device cuda --precision tf32"
            })
    void gpuIsUsed(String options) {
        double[] logits = logits("cuda", options);
        assertTrue(StandIn.launches() > 0 && StandIn.products() > 0, "nothing was computed on the device");
        Golden.assertClose(logits("cpu", "--device cpu"), logits, options.contains("tf32") ? 1e-2 : 1e-5, "logits");
    }

    @Test
    void cpuIsUsedThoughThereIsAGpu() {
        logits("cpu", "--device cpu");
        assertEquals(0, StandIn.launches());
    }

    /** Rounding is seen in the logits, and more of it in half. */
    @Test
    void processorsHaveHalfAndSplit() {
        double[] exact = logits("exact", "--device cpu");
        double[] half = logits("half", "--device cpu --precision half");
        double[] split = logits("split", "--device cpu --precision split");
        Golden.assertClose(exact, half, 5e-2, "half");
        Golden.assertClose(exact, split, 1e-4, "split");
        assertFalse(Arrays.equals(exact, half), "half rounds nothing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--device cpu --precision tf32", "--device cuda --precision split"})
    void precisionsThatADeviceLacksAreWrongUsage(String options) {
        String failure = run("out", options).failure(2);
        assertTrue(failure.contains("use float32"), failure);
    }

    @Test
    void tf32NeedsAGpu() {
        StandIn.set("devices", 0);
        String failure = run("out", "--device auto --precision tf32").failure(1);
        assertTrue(failure.contains("there is no GPU to compute in tf32"), failure);
    }

    @Test
    void autoTakesTheCpuInSilenceWhereThereIsNoGpu() {
        StandIn.set("devices", 0);
        assertEquals("", run("out", "--device auto").err());
    }

    @Test
    void autoTakesTheCpuAndSaysWhyTheGpuIsNotUsed() {
        StandIn.set("capability", 75);
        Ran ran = run("out", "--device auto");
        ran.output();
        assertEquals(
                "engine: computing on the CPU, the GPU cannot be used: the GPU is too old (Espalier stand-in (interprets "
                        + "PTX) has compute capability 7.5): use one of 8.0 (Ampere) or later, or --device cpu",
                ran.err().strip());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --device cuda                | devices        | 0     | CUDA_ERROR_NO_DEVICE: no CUDA-capable device
            --device auto --require-cuda | devices        | 0     | CUDA_ERROR_NO_DEVICE: no CUDA-capable device
            --backend cuda               | devices        | 0     | CUDA_ERROR_NO_DEVICE: no CUDA-capable device
            --device cuda                | driver_version | 11080 | the NVIDIA driver is too old (it is for CUDA 11.8,
            --device auto --require-cuda | capability     | 70    | the GPU is too old (
            """)
    void gpuThatIsRequiredButNotThereIsAFailure(String options, String subject, long value, String says) {
        StandIn.set(subject, value);
        String failure = run("out", options).failure(1);
        assertTrue(failure.startsWith("engine: " + says), failure);
        assertTrue(Files.notExists(folder.resolve("out")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--device cpu", "--backend cpu", "--backend reference"})
    void requiringAGpuWhileAskingForTheCpuIsWrongUsage(String choice) {
        String failure = run("out", choice + " --require-cuda").failure(2);
        assertTrue(failure.contains("--require-cuda does not go with " + choice), failure);
    }

    private double[] logits(String name, String options) {
        run(name, options).output();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(name))) {
            return Golden.doubles(file, "logits");
        }
    }

    private Ran run(String name, String options) {
        String line =
                "logits " + Golden.resource("gqa") + " --ids 3,1,4,1,5 --out " + folder.resolve(name) + " " + options;
        return Ran.engine(line.split(" "));
    }
}
