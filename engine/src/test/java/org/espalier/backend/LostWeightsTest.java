package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.cuda.StandIn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No operation ends the process where a file of weights is emptied while it is in use. */
class LostWeightsTest {

    /** With thresholds of a fiftieth, enough for the optimising compiler to have replaced every loop. */
    private static final int RUNS = 40;

    private static final String THRESHOLDS =
            "-XX:CompileCommand=CompileThresholdScaling,org.espalier.backend.cpu.*::*,0.02";

    @TempDir
    private Path folder;

    /** Every operation, after it was compiled. */
    @Test
    void theCpuRefusesThem() throws IOException, InterruptedException {
        List<String> cases = run("cpu", "-XX:CompileCommand=quiet", THRESHOLDS, "-XX:-BackgroundCompilation");
        assertTrue(cases.size() >= 40, cases.size() + " cases");
    }

    /** Also the small ones, which the driver would copy by itself. */
    @Test
    void copyingThemToADeviceIsRefused() throws IOException, InterruptedException {
        StandIn.requireItself();
        List<String> cases = run(
                "cuda",
                "-Despalier.cuda=" + System.getProperty("espalier.cuda"),
                "-Despalier.cublas=" + System.getProperty("espalier.cublas"));
        assertTrue(cases.size() >= 40, cases.size() + " cases");
    }

    private List<String> run(String device, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("crash.log")));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                LostWeights.class.getName(),
                device,
                Files.createDirectory(folder.resolve("weights")).toString(),
                Integer.toString(RUNS)));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        int status = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        List<String> lines =
                Files.readString(out, StandardCharsets.UTF_8).lines().toList();
        assertEquals(
                0,
                status,
                () -> lines.stream().filter(line -> !line.endsWith(": refused")).toList() + "\n" + read(err));
        assertEquals(
                List.of(),
                lines.stream().filter(line -> !line.endsWith(": refused")).toList());
        return lines;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
