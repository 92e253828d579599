package org.espalier.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.cuda.StandIn;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** {@code gpu-check} on the stand-in: what it finds, what it says, how it ends. Its times mean nothing here. */
@ExtendWith(StandIn.class)
class GpuCheckTest {

    @TempDir
    private Path folder;

    private final List<String> heard = new ArrayList<>();

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    private record Ran(int status, String out, String err) {
        static Ran gpuCheck(String... arguments) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            CommandLine line =
                    GpuCheck.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
            int status = line.execute(arguments);
            line.getOut().flush();
            line.getErr().flush();
            return new Ran(status, out.toString(), err.toString());
        }
    }

    @Test
    void machineWithoutAGpuIsToldSoInOneLine() {
        StandIn.set("devices", 0);
        Ran ran = Ran.gpuCheck("--quick");
        assertEquals(1, ran.status);
        assertEquals("", ran.out);
        assertEquals(1, ran.err.lines().count(), ran.err);
        assertTrue(ran.err.startsWith("gpu-check: CUDA_ERROR_NO_DEVICE: "), ran.err);
    }

    @Test
    void gpuThatCannotBeUsedIsToldWhy() {
        StandIn.set("driver_version", 11080);
        Ran ran = Ran.gpuCheck("--quick");
        assertEquals(1, ran.status);
        assertTrue(ran.err.startsWith("gpu-check: the NVIDIA driver is too old (it is for CUDA 11.8,"), ran.err);
    }

    @Test
    void everyCaseOfTheLaboratoryGetsItsRow() {
        Ran ran = Ran.gpuCheck("--quick", "--only", "laboratory", "--text", "swiGlu 7");
        assertEquals(0, ran.status, ran.err);
        assertTrue(ran.out.startsWith("| part       | what "), ran.out);
        assertTrue(ran.out.contains("| limits     | product 64x64x64 BF16 in HALF"), ran.out);
        assertTrue(
                ran.out.lines().anyMatch(l -> l.matches("\\| forward    \\| swiGlu 7.*\\| error \\de-\\d+ .*")),
                ran.out);
        assertTrue(
                ran.out.lines().anyMatch(l -> l.matches("\\| backward   \\| swiGlu 7.*\\| error \\de-\\d+ .*")),
                ran.out);
    }

    /** All that needs no build and no toolkit, at tiny sizes: each row printed, in the file and in the file for programs. */
    @Test
    void everyPartHasItsRowsPrintedAndInTheFiles() throws IOException {
        Path out = folder.resolve("check.txt");
        Ran ran = Ran.gpuCheck(
                "--quick", "--only", "preflight,limits,kernels,synthetic,sanitizer", "--out", out.toString());
        assertEquals(0, ran.status, ran.out);
        assertEquals(ran.out, Files.readString(out));
        List<String> rows = ran.out.lines().filter(l -> l.startsWith("| ")).toList();
        List<String> objects = Files.readAllLines(folder.resolve("check.txt.jsonl"));
        assertEquals(rows.size() - 1, objects.size() - 1, "without the names of columns, without the summary");
        assertTrue(objects.getLast().contains("\"failed\":0"), objects.getLast());
        ObjectMapper json = new ObjectMapper();
        for (int row = 1; row < rows.size(); row++) {
            String subject = json.readTree(objects.get(row - 1)).get("what").asText();
            assertTrue(rows.get(row).contains(subject.replace('|', '/')), rows.get(row));
        }
        for (String wanted : List.of(
                "| preflight  | card 0: Espalier stand-in (interprets PTX), compute capability 8.0, 108 multi",
                "| preflight  | card 0: at most 1410 and 1215 MHz",
                " kernels of 30 files ",
                "| preflight  | nvidia-smi",
                "| limits     | copy of ",
                "| kernels    | attention, cases: 1 ",
                "in HALF: weights ",
                "in HALF: writing 3 after 9 ",
                "in HALF: reading 9 ",
                "in HALF: LoRA of rank 8 ",
                "in HALF: scoring heads and neurons ",
                "in HALF: cutting to nowhere ",
                "in FLOAT32: LoRA of rank 8 ",
                "| sanitizer  | racecheck ")) {
            assertTrue(ran.out.contains(wanted), wanted + " is missing in\n" + ran.out);
        }
        String summary = ran.out.substring(ran.out.indexOf("SUMMARY"));
        assertTrue(summary.lines().count() < 100, summary);
    }

    @Test
    void whatThereIsNoTimeForIsSaid() {
        Ran ran = Ran.gpuCheck("--quick", "--only", "kernels,synthetic", "--minutes", "1e-9");
        assertEquals(0, ran.status, ran.out);
        assertTrue(ran.out.lines().anyMatch(l -> l.matches("\\| kernels .*\\| not run: no time .*")), ran.out);
        assertTrue(ran.out.contains("Not run:"), ran.out);
    }

    @Test
    void minutesThatAreNoneAreRefused() {
        Ran ran = Ran.gpuCheck("--minutes", "0");
        assertEquals(2, ran.status);
        assertTrue(ran.err.startsWith("--minutes 0.0: give a number above 0"), ran.err);
    }

    /** A thousand failures and slow operations are told of by the first of them. */
    @Test
    void summaryStaysShort() {
        CheckTable table = new CheckTable();
        for (int i = 0; i < 1000; i++) {
            table.fail("kernels", "case " + i, "wrong");
            table.add("model", "speed " + i, "not run: no time");
            table.add("forward", "slow " + i, "right", 1, 1, 1, 1e9, 1e9);
        }
        List<String> summary = Summary.of(table.rows(), 7);
        assertTrue(summary.size() < 100, summary.size() + " lines");
        assertTrue(summary.contains("  and 975 more"), summary.toString());
        assertEquals("1000 failed.", summary.getLast());
    }

    @Test
    void productsWithNarrowWeightsAreTriedInHalfToo() {
        Ran ran = Ran.gpuCheck("--quick", "--only", "laboratory", "--text", "linear 3x17x65 F16");
        assertEquals(0, ran.status, ran.out);
        assertEquals(
                List.of("", " in HALF"),
                ran.out
                        .lines()
                        .filter(l -> l.startsWith("| backward "))
                        .map(l -> l.split("\\|")[2].strip().replaceFirst(".* beta \\d", ""))
                        .toList());
    }

    /** Results that are to be no number, and products of so few numbers that their roundings do not average out. */
    @ParameterizedTest
    @ValueSource(strings = {"convert roundings to", "convert 7 of F64 to F32", "linear 1x7x3 BF16 bias BF16 beta 0"})
    void soundResultsOfOddCasesPass(String text) {
        Ran ran = Ran.gpuCheck("--quick", "--only", "laboratory", "--text", text);
        assertEquals(0, ran.status, ran.out);
        assertTrue(ran.out.contains("| " + text), ran.out);
    }

    @Test
    void wrongResultFailsTheCheck() {
        CheckTable table = new CheckTable();
        Limits limits = new Limits(1e9, new EnumMap<>(Map.of(DType.F32, 1e9)));
        OpCase<? super Backend> exact = impossible(OpCases.norm().getFirst());
        try (CheckDevice device = new CheckDevice()) {
            new Laboratory(device, limits, new Stopwatch(0), table)
                    .run(Stream.of(exact), Deadline.in(Double.POSITIVE_INFINITY), name -> {});
        }
        assertEquals(1, table.failures());
        assertTrue(table.toString().contains("FAILED: y is off by "), table.toString());
    }

    /** The same case, asked to be nearer to the truth than anything can be. */
    private static <F> OpCase<F> impossible(OpCase<F> c) {
        return new OpCase<>(
                c.operation(),
                c.name(),
                c.operands(),
                c.aliases(),
                c.forward(),
                c.backward(),
                c.gradients(),
                c.seeds(),
                c.outputs(),
                -1,
                c.reason(),
                c.floor(),
                c.forwardFlops(),
                c.backwardFlops());
    }

    @Test
    void modelsAreMeasuredByTheEnginesOwnCommands() {
        CheckTable table = new CheckTable();
        new ModelSpeeds(4, table).run(folder.resolve("no-such-model"), folder);
        assertEquals(2, table.failures());
        assertTrue(table.toString().contains("no-such-model in HALF"), table.toString());
    }

    @Test
    void sanitizerSaysWhatItFoundOrThatItIsMissing() throws IOException {
        CheckTable clean = sanitized("echo '========= ERROR SUMMARY: 0 errors'; exit 0");
        assertEquals(0, clean.failures());
        assertTrue(clean.toString().contains("| ERROR SUMMARY: 0 errors "), clean.toString());
        CheckTable found = sanitized("echo '========= ERROR SUMMARY: 2 errors'; exit 9");
        assertEquals(2, found.failures());
        assertTrue(found.toString().contains("| FAILED: ERROR SUMMARY: 2 errors "), found.toString());
        assertTrue(heard.contains("========= ERROR SUMMARY: 2 errors"), heard.toString());
        CheckTable crashed = sanitized("exit 3");
        assertTrue(crashed.toString().contains("FAILED: no summary, status 3"), crashed.toString());
    }

    @Test
    void whatTheSanitizerWatchesRunsKernels() {
        Ran ran = Ran.gpuCheck("--once", "--text", "swiGlu 7x17");
        assertEquals(0, ran.status, ran.err);
        assertEquals("", ran.out + ran.err);
        assertTrue(StandIn.launches() >= 8, "forwards and backwards, of four cases");
    }

    @Test
    void sanitizerIsLookedForOnThePathAndInToolkits() throws IOException {
        Path toolkit = Files.createDirectories(folder.resolve("toolkit/bin"));
        Path program = Files.writeString(toolkit.resolve("compute-sanitizer"), "#!/bin/sh\n");
        assertEquals(
                Optional.empty(),
                Sanitizer.find(Map.of("PATH", toolkit.toString())).filter(program::equals));
        assertTrue(program.toFile().setExecutable(true));
        assertEquals(
                program,
                Sanitizer.find(Map.of("PATH", "/nonexistent:" + toolkit)).orElseThrow());
        assertEquals(
                program,
                Sanitizer.find(Map.of("CUDA_HOME", toolkit.getParent().toString()))
                        .orElseThrow());
    }

    private CheckTable sanitized(String script) throws IOException {
        Path program = Files.writeString(folder.resolve("compute-sanitizer"), "#!/bin/sh\n" + script + "\n");
        assertTrue(program.toFile().setExecutable(true));
        CheckTable table = new CheckTable();
        heard.clear();
        Sanitizer.run(Map.of("PATH", folder.toString()), List.of("Main"), table, heard::add);
        return table;
    }

    @Test
    void suiteCountsWhatPassedFailedAndWasSkipped() {
        CheckTable table = new CheckTable();
        Suite.run(List.of(Tests.class.getName()), table);
        assertEquals(1, table.failures());
        String rows = table.toString();
        assertTrue(rows.contains("Tests: fails() "), rows);
        assertTrue(rows.contains("FAILED: planted"), rows);
        assertTrue(rows.contains("| 1 passed "), rows);
        assertTrue(rows.contains("| Assumption failed: nothing to do "), rows);
    }

    /** What the suite runs above; too deep for the build to find. */
    static class Tests {

        @Test
        void passes() {
            assertEquals(1, 1);
        }

        @Test
        void fails() {
            throw new AssertionError("planted");
        }

        @Test
        void isSkipped() {
            assumeTrue(false, "nothing to do");
        }
    }
}
