package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.Golden;
import org.espalier.backend.cuda.StandIn;
import org.espalier.ffi.Cublas;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Libraries in the places where machines have them: the stand-ins under the real names, opened by a process of its own. */
@ExtendWith(StandIn.class)
class LibraryPlacesTest {

    private static final List<String> VARIABLES = List.of(
            "ESPALIER_CUDA",
            "ESPALIER_CUBLAS",
            "LD_LIBRARY_PATH",
            "CUDA_HOME",
            "CUDA_PATH",
            "VIRTUAL_ENV",
            "CONDA_PREFIX");
    private static final String DRIVER = "libcuda.so.1";
    private static final String OF_LINKER = "LD_LIBRARY_PATH";
    /** Whether this machine has a cuBLAS of its own, which might be found first; null until it was asked. */
    private static Boolean ownCublas;

    @TempDir
    private Path folder;

    @BeforeEach
    void placeTheDriver() throws IOException {
        StandIn.requireItself();
        place(CudaDriver.find(), folder.resolve("linker").resolve(DRIVER));
    }

    @Test
    void driverWithoutCublasSaysWhatIsMissingAndWhatToDo() throws IOException, InterruptedException {
        JsonNode cuda = withoutCublas();
        assertEquals("CUDA 13.0 (" + DRIVER + ")", cuda.get("driver").asText());
        String reason = cuda.get("reason").asText();
        assertTrue(reason.contains("libcublas.so.13") && reason.contains("libcublas.so.12"), reason);
        assertTrue(
                reason.endsWith("install cuBLAS 13 or 12, or set the environment variable ESPALIER_CUBLAS "
                        + "(or -Despalier.cublas=...) to the path of libcublas.so.13"),
                reason);
    }

    /** A model is computed with on the CPU, which says why, or not at all where the GPU is asked for. */
    @Test
    void commandsDoWithoutAGpuThatHasNoCublas() throws IOException, InterruptedException {
        requireNoOwnCublas();
        String[] logits = {
            "logits",
            Golden.resource("gqa").toString(),
            "--ids",
            "3,1",
            "--out",
            folder.resolve("out").toString(),
            "--device",
            "auto"
        };
        Child auto = engine(driverOnly(), logits);
        assertEquals(0, auto.status, auto::toString);
        assertTrue(
                auto.err.contains("engine: computing on the CPU, the GPU cannot be used: no cuBLAS library ("),
                auto.err);
        Files.delete(folder.resolve("out"));
        logits[logits.length - 1] = "cuda";
        Child cuda = engine(driverOnly(), logits);
        assertEquals(1, cuda.status, cuda::toString);
        assertTrue(cuda.err.contains("engine: no cuBLAS library ("), cuda.err);
        assertTrue(Files.notExists(folder.resolve("out")));
    }

    @ParameterizedTest
    @CsvSource({
        "LD_LIBRARY_PATH, linker, ., libcublas.so.13",
        "LD_LIBRARY_PATH, linker, ., libcublas.so.12",
        "CUDA_HOME, cuda-13.0, lib64, libcublas.so.13",
        "CUDA_PATH, cuda-12.8, targets/x86_64-linux/lib, libcublas.so.12",
        "VIRTUAL_ENV, venv, lib/python3.12/site-packages/nvidia/cu13/lib, libcublas.so.13",
        "VIRTUAL_ENV, venv, lib/python3.12/site-packages/nvidia/cublas/lib, libcublas.so.12",
        "HOME, home, .local/lib/python3.11/site-packages/nvidia/cu13/lib, libcublas.so.13",
        "CONDA_PREFIX, conda, lib, libcublas.so.12"
    })
    void cublasIsFound(String variable, String prefix, String within, String name)
            throws IOException, InterruptedException {
        requireNoOwnCublas();
        Path library = folder.resolve(prefix).resolve(within).resolve(name).normalize();
        place(Cublas.find(), library);
        Map<String, String> environment = new HashMap<>(driverOnly());
        environment.put(variable, folder.resolve(prefix).toString());
        JsonNode cuda = cuda(environment);
        assertTrue(cuda.get("usable").asBoolean(), cuda.toString());
        assertEquals(
                "cuBLAS 13.0.0 (" + (variable.equals(OF_LINKER) ? name : library) + ")",
                cuda.get("blas").asText());
    }

    @Test
    void pathsThatAPersonNamesAreTaken() throws IOException, InterruptedException {
        Path library = folder.resolve("own/cublas.so");
        place(Cublas.find(), library);
        Path driver = folder.resolve("linker").resolve(DRIVER);
        JsonNode cuda = cuda(Map.of("ESPALIER_CUDA", driver.toString(), "ESPALIER_CUBLAS", library.toString()));
        assertEquals("CUDA 13.0 (" + driver + ")", cuda.get("driver").asText());
        assertEquals("cuBLAS 13.0.0 (" + library + ")", cuda.get("blas").asText());
    }

    private void requireNoOwnCublas() throws IOException, InterruptedException {
        if (ownCublas == null) {
            ownCublas = cuda(driverOnly()).get("usable").asBoolean();
        }
        assumeFalse(ownCublas, "skipped: this machine has a cuBLAS of its own");
    }

    /** What is said without cuBLAS; skips a test where the machine has one. */
    private JsonNode withoutCublas() throws IOException, InterruptedException {
        requireNoOwnCublas();
        JsonNode cuda = cuda(driverOnly());
        assertTrue(cuda.get("reason").asText().startsWith("no cuBLAS library ("), cuda.toString());
        return cuda;
    }

    private static void place(Library library, Path at) throws IOException {
        Files.createDirectories(at.getParent());
        Files.copy(Path.of(((Library.Loaded) library).name()), at);
    }

    private Map<String, String> driverOnly() {
        return Map.of(OF_LINKER, folder.resolve("linker").toString());
    }

    /** What {@code engine devices} says of the first GPU where only these variables name places. */
    private JsonNode cuda(Map<String, String> environment) throws IOException, InterruptedException {
        Child child = engine(environment, "devices", "--json");
        assertEquals(0, child.status, child::toString);
        JsonNode devices = new ObjectMapper().readTree(child.out).get("devices");
        assertEquals(2, devices.size(), devices::toString);
        return devices.get(1);
    }

    private record Child(int status, String out, String err) {}

    private Child engine(Map<String, String> environment, String... words) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // A process that lives for a second is done before the optimising compiler pays.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        line.addAll(List.of(words));
        Path errors = folder.resolve("errors.txt");
        ProcessBuilder builder = new ProcessBuilder(line).redirectError(errors.toFile());
        builder.environment().keySet().removeAll(VARIABLES);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Child(process.waitFor(), out, Files.readString(errors));
    }
}
