package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Every command with missing, empty and wrong arguments: the right exit status, one line on stderr, nothing on stdout, no
 * stack trace, nothing written. In the commands {@code @} stands for a temporary folder.
 */
class BadArgumentsTest {

    private static final int FAILED = 1;
    private static final int USAGE = 2;
    /** The system property that stands for {@code ESPALIER_DEVICE}, which this process cannot set for itself. */
    private static final String DEVICE = "espalier.device";

    /** For each command, arguments that are right as far as they go; the model is put behind them. */
    private static final Map<String, String> PLAUSIBLE = Map.ofEntries(
            Map.entry("info", ""),
            Map.entry("groups", ""),
            Map.entry("tokenize", "--text x"),
            Map.entry("generate", "--prompt x"),
            Map.entry("logits", "--ids 1,2 --out @/out.safetensors"),
            Map.entry("eval ppl", "--data @/story.txt"),
            Map.entry("score", "--criterion l2 --out @/out"),
            Map.entry("prune", "--criterion l2 --out @/out"),
            Map.entry("run", "--criterion l2 --data @/story.txt --out @/out"),
            Map.entry("tune", "--data @/story.txt --out @/out"),
            Map.entry("merge", "--out @/out @/adapter"),
            Map.entry("convert", "--out @/out"),
            Map.entry("bench", "--prompt 4 --generate 4"),
            Map.entry("pretrain", "--out @/out --steps 1 --layers 1"),
            Map.entry("random", "--out @/out"),
            Map.entry("plan", "--scores @/scores --out @/out"),
            Map.entry("plan show", ""),
            Map.entry("plan diff", "@/plan"),
            Map.entry("compact", "--plan @/plan --out @/out"),
            Map.entry("demo", "--out @/out"),
            Map.entry("report", "--out @/out"),
            Map.entry("devices", ""));

    private static final List<String> WITHOUT_MODEL = List.of("devices", "pretrain", "demo");

    /** Takes as many folders as are given, and fails on the first that is none. */
    private static final String ANY_NUMBER = "report";

    private static final List<String> WRONG_USAGE = List.of(
            "",
            "nonsense",
            "--nonsense",
            "INFO",
            "info",
            "info a b",
            "info --nonsense a",
            "info --json",
            "devices extra",
            "devices --nonsense",
            "logits",
            "logits @/m",
            "logits @/m --ids 1",
            "logits @/m --out @/o",
            "logits @/m --ids x --out @/o",
            "logits @/m --ids 1,,2 --out @/o",
            "logits @/m --ids 1 --ids-file @/f --out @/o",
            "logits @/m --ids 99999999999 --out @/o",
            "logits @/m --ids 1 --out @/o --backend gpu",
            "logits @/m --ids 1 --out",
            "logits @/m --ids 1 --out @/o --threads 0",
            "logits @/m --ids 1 --out @/o --threads x",
            "bench",
            "bench @/m --prompt -1",
            "bench @/m --generate x",
            "bench @/m --repetitions 0",
            "bench @/m --prompt 0 --generate 0",
            "bench @/m --threads -2",
            "bench @/m --threads 1000000",
            "tokenize",
            "tokenize @/m",
            "tokenize --text x",
            "tokenize @/m --text x --file @/f",
            "tokenize @/m --text",
            "tokenize @/m --text x --special",
            "generate",
            "generate @/m",
            "generate --prompt x",
            "generate @/m --prompt",
            "generate @/m --prompt x --prompt-file @/f",
            "generate @/m --prompt x --max-tokens 0",
            "generate @/m --prompt x --max-tokens -5",
            "generate @/m --prompt x --temperature -1",
            "generate @/m --prompt x --temperature NaN",
            "generate @/m --prompt x --temperature hot",
            "generate @/m --prompt x --top-k -1",
            "generate @/m --prompt x --top-p 0",
            "generate @/m --prompt x --top-p 1.5",
            "generate @/m --prompt x --seed x",
            "eval",
            "eval nonsense",
            "eval ppl",
            "eval ppl @/m",
            "eval ppl --data @/f",
            "eval ppl @/m --data",
            "eval ppl @/m --data @/f --format csv",
            "eval ppl @/m --data @/f --protocol mine",
            "eval ppl @/m --data @/f --seq-len 1",
            "eval ppl @/m --data @/f --seq-len -8",
            "eval ppl @/m --data @/f --stride 0",
            "eval ppl @/m --data @/f --max-windows 0",
            "eval ppl @/m --data @/f --protocol llama.cpp --stride 8",
            "eval ppl @/m --data @/f --protocol llama.cpp --seq-len 3",
            "groups",
            "groups a b",
            "groups --nonsense a",
            "prune",
            "prune @/m",
            "prune @/m --out @/o",
            "prune @/m --out @/o --criterion best",
            "prune @/m --out @/o --criterion l2 --ratio 1.5",
            "prune @/m --out @/o --criterion l2 --ratio -0.1",
            "prune @/m --out @/o --criterion l2 --units noses",
            "prune @/m --out @/o --criterion l2 --mlp-layers 5-2",
            "prune @/m --out @/o --criterion l2 --attention-layers x",
            "prune @/m --out @/o --criterion l2 --scope wide",
            "prune @/m --out @/o --criterion l2 --compat other",
            "prune @/m --out @/o --criterion l2 --dtype q4",
            "prune @/m --out @/o --calibration @/text --ids-file @/text",
            "prune @/m --out @/o --criterion l2 --samples 0",
            "prune @/m --out @/o --criterion l2 --mode layer --units neurons",
            "prune @/m --out @/o --criterion l2 --steps 0",
            "prune @/m --out @/o --criterion l2 --mode layer",
            "prune @/m --out @/o --calibration @/text --mode channel --compensate bias",
            "prune @/m --out @/o --calibration @/text --dependency off --compensate lstsq",
            "prune @/m --out @/o --calibration @/text --calibration @/text --samples 1",
            "prune @/m --out @/o --calibration @/text --ridge 0",
            "prune @/m --out @/o --criterion l2 --compensate lstsq",
            "prune @/m --out @/o --criterion l2 --round 0",
            "prune @/m --out @/o --criterion l2 --dependency maybe",
            "prune @/m --out @/o --criterion l2 --dependency off --steps 2",
            "prune @/m --out @/o --criterion l2 --dependency off --units kv_heads,query_heads",
            "plan @/m --scores @/text --out @/o --dependency off",
            "prune @/m --out @/o --criterion l2 --normalise size",
            "compact @/m --out @/o --plan @/text --compensate bias",
            "plan",
            "plan @/m",
            "plan @/m --scores @/text",
            "plan --scores @/text --out @/o",
            "plan show",
            "plan diff",
            "plan diff @/text",
            "plan @/m --scores @/text --out @/o --mode layer --units neurons",
            "plan show @/text --out @/o.png",
            "prune @/m --out @/o --criterion l2 --keep-first -1",
            "prune @/m --out @/o --criterion l2 --aggregate most",
            "score",
            "score @/m",
            "score @/m --out @/o",
            "score --criterion l2 --out @/o",
            "score @/m --out @/o --criterion best",
            "score @/m --out @/o --criterion l2 --units noses",
            "score @/m --out @/o --criterion flap",
            "score @/m --out @/o --criterion l2 --units layers",
            "score @/m --out @/o --criterion l2 --memory much",
            "score @/m --out @/o --criterion l2 --memory -5m",
            "score @/m --out @/o --criterion l2 --aggregate most",
            "random",
            "random @/m",
            "random --out @/o",
            "random @/m --out",
            "random @/m --out @/o --dtype q8_0",
            "random @/m --out @/o --seed x",
            "pretrain",
            "pretrain --out",
            "pretrain --out @/o --steps 0",
            "pretrain --out @/o --layers -1",
            "pretrain --out @/o --lr 0",
            "pretrain --out @/o --vocab 10",
            "pretrain --out @/o --heads 3",
            "pretrain --out @/o --hidden x",
            "pretrain --out @/o --batch-tokens 0",
            "pretrain --out @/o --threads 0",
            "compact",
            "compact @/m",
            "compact @/m --plan @/p",
            "compact @/m --out @/o",
            "compact @/m --out @/o --plan",
            "run",
            "run @/m",
            "run @/m --out @/o",
            "run @/m --data @/f",
            "run @/m --out @/o --data @/f",
            "run @/m --out @/o --criterion l2 --data",
            "run @/m --out @/o --criterion l2 --data @/f --eval",
            "run @/m --out @/o --criterion l2 --data @/f --eval-format csv",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-format text --eval-format lines",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-seq-len 1",
            "run @/m --out @/o --criterion l2 --data @/f --eval @/a --eval-protocol llama.cpp --eval-seq-len 3",
            "run @/m --out @/o --criterion l2 --data @/f --eval-windows 0",
            "run @/m --out @/o --criterion l2 --data @/f --epochs 0",
            "run @/m --out @/o --criterion l2 --data @/f --repetitions -1",
            "run @/m --out @/o --criterion l2 --data @/f --ratio 2",
            "run @/m --out @/o --criterion l2 --data @/f --max-tokens 0",
            "run @/m --out @/o --data @/f --compensate lstsq",
            "demo --stories 0",
            "report",
            "report --out @/o",
            "report @/m",
            "report @/m --out",
            "report @/m --out @/o --nonsense",
            "demo surplus",
            "demo --out",
            "demo --threads 0",
            "tune",
            "tune @/m",
            "tune @/m --data @/text",
            "tune @/m --out @/o",
            "tune --data @/text --out @/o",
            "tune @/m --data --out @/o",
            "tune @/m --data @/text --out @/o --format csv",
            "tune @/m --data @/text --out @/o --recipe mine",
            "tune @/m --data @/text --out @/o --epochs 0",
            "tune @/m --data @/text --out @/o --rank 0",
            "tune @/m --data @/text --out @/o --alpha 0",
            "tune @/m --data @/text --out @/o --alpha NaN",
            "tune @/m --data @/text --out @/o --dropout 1",
            "tune @/m --data @/text --out @/o --lr 0",
            "tune @/m --data @/text --out @/o --lr -1e-4",
            "tune @/m --data @/text --out @/o --batch-size 0",
            "tune @/m --data @/text --out @/o --micro-batch-size 0",
            "tune @/m --data @/text --out @/o --cutoff 1",
            "tune @/m --data @/text --out @/o --max-samples 0",
            "tune @/m --data @/text --out @/o --held-out -1",
            "tune @/m --data @/text --out @/o --warm-up x",
            "tune @/m --data @/text --out @/o --eval-every 0",
            "tune @/m --data @/text --out @/o --seed x",
            "tune @/m --data @/text --out @/o --threads 0",
            "tune @/m --data @/text --out @/o --save-every 0",
            "convert",
            "convert @/m",
            "convert --out @/o",
            "convert @/m --out @/o.gguf",
            "convert @/m --out @/o --dtype q8_0",
            "merge",
            "merge @/m",
            "merge @/m @/a",
            "merge @/m @/a --out",
            "merge @/m @/a --out @/o.gguf",
            "merge @/m @/a --out @/o --dtype q8_0",
            "logits @/m --ids 1 --out @/o --adapter",
            "bench @/m --device tpu",
            "bench @/m --seed 1.5",
            "bench @/m --against");

    private static final List<String> FAILURES = List.of(
            "bench @/m --device cuda",
            "logits @/m --ids 1 --out @/o --backend cuda",
            "logits @/m --ids-file @/missing --out @/o",
            "logits @/m --ids-file @/empty --out @/o",
            "logits @/m --ids-file @/text --out @/o",
            "logits @/m --ids-file @ --out @/o",
            "logits @/m --ids-file @/empty-array --out @/o",
            "logits @/m --ids-file @/null --out @/o",
            "logits @/m --ids 1 --out @/text",
            "logits @/m --ids 1 --out @",
            "logits @/m --ids 1 --out @/text/o",
            "tokenize @/m --file @/missing",
            "tokenize @/m --file @",
            "tokenize @/m --file @/bytes",
            "generate @/m --prompt-file @/missing",
            "generate @/m --prompt-file @",
            "generate @/m --prompt-file @/bytes",
            "generate @/m --prompt x --device cuda",
            "eval ppl @/m --data @/missing",
            "eval ppl @/m --data @",
            "eval ppl @/m --data @/empty",
            "eval ppl @/m --data @/text --data @/empty",
            "eval ppl @/m --data @/bytes",
            "convert @/m --out @/text",
            "convert @/m --out @/text/o",
            "convert @/m --out @",
            "pretrain --out @/text --steps 1 --layers 1",
            "score @/m --out @/o --ids-file @/missing",
            "score @/m --out @/text --criterion l2",
            "random @/config.json --out @/o",
            "random @/text --out @/o",
            "random @/m --out @/text",
            "prune @/m --out @/o --ids-file @/missing",
            "prune @/m --out @/o --ids-file @/text",
            "prune @/m --out @/o --ids-file @/empty-array",
            "prune @/m --out @/o --calibration @/missing",
            "prune @/m --out @/o --criterion l2 --device cuda",
            "prune @/m --out @/text --criterion l2",
            "compact @/m --plan @/missing --out @/o",
            "compact @/m --plan @/text --out @/o",
            "compact @/m --plan @/config.json --out @/o",
            "demo --out @/text",
            "run @/m --out @/text --criterion l2 --data @/text",
            "run @/m --out @/o --criterion l2 --data @/missing",
            "run @/m --out @/o --criterion l2 --data @/text --eval @/missing",
            "run @/m --out @/o --calibration @/missing --data @/text",
            "report @/m --out @/o",
            "report @/missing --out @/o",
            "report @/text --out @/o",
            "report @ --out @/text",
            "tune @/m --data @/missing --out @/o",
            "tune @/m --data @/text --out @/text",
            "tune @/m --data @/text --out @/o --resume",
            "tune @/m --data @/text --out @/o",
            "groups @/config.json",
            "info @/config.json");

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> wrongUsage() {
        return WRONG_USAGE.stream().map(line -> DynamicTest.dynamicTest("engine " + line, () -> fails(USAGE, line)));
    }

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
                    String said = withDevice("tpu", () -> fails(USAGE, line));
                    assertTrue(said.contains("'tpu' in ESPALIER_DEVICE"), said);
                }));
    }

    @Test
    void aDeviceOfTheEnvironmentThatIsNoneMattersOnlyWhereItIsUsed() throws IOException {
        withDevice("tpu", () -> fails(FAILED, "bench @/m --device cpu"));
        withDevice("tpu", () -> fails(FAILED, "info @/m"));
        assertTrue(
                withDevice("tpu", () -> Ran.engine("prune", "--help").output()).contains("default: auto"));
    }

    @TestFactory
    Stream<DynamicTest> failures() throws IOException {
        Files.createDirectory(folder.resolve("m"));
        Files.writeString(folder.resolve("text"), "no JSON\n");
        Files.writeString(folder.resolve("empty-array"), "[]");
        Files.writeString(folder.resolve("null"), "null");
        Files.createFile(folder.resolve("empty"));
        Files.write(folder.resolve("bytes"), new byte[] {'a', (byte) 0xe4, '\n'});
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"llama\", \"hidden_size\": -5}");
        return FAILURES.stream().map(line -> DynamicTest.dynamicTest("engine " + line, () -> fails(FAILED, line)));
    }

    @TestFactory
    Stream<DynamicTest> everyCommandRefusesWhatIsNoModel() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.gguf"));
        Path noise = Files.write(folder.resolve("noise.gguf"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        Path text = Files.writeString(folder.resolve("text.txt"), "no model");
        Files.writeString(folder.resolve("story.txt"), "Once upon a time.");
        Path emptyFolder = Files.createDirectory(folder.resolve("folder"));
        Path cut = Files.createDirectory(folder.resolve("cut"));
        Files.writeString(cut.resolve("config.json"), "{\"model_type\"");
        Files.write(cut.resolve("model.safetensors"), new byte[] {8, 0, 0, 0, 0, 0, 0, 0, '{'});
        List<Path> models = List.of(folder.resolve("missing"), empty, noise, text, emptyFolder, cut);
        List<DynamicTest> tests = new ArrayList<>();
        PLAUSIBLE.forEach((command, arguments) -> {
            if (!WITHOUT_MODEL.contains(command)) {
                models.forEach(model -> tests.add(DynamicTest.dynamicTest(
                        command + " " + model.getFileName(),
                        () -> fails(FAILED, command + " " + arguments + " " + model))));
            }
        });
        return tests.stream();
    }

    @TestFactory
    Stream<DynamicTest> everyCommandRefusesUnknownOptionsAndExtraArguments() {
        return PLAUSIBLE.entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    fails(USAGE, e.getKey() + " " + e.getValue() + " --nonsense");
                    fails(
                            e.getKey().equals(ANY_NUMBER) ? FAILED : USAGE,
                            e.getKey() + " " + e.getValue() + " @/m surplus");
                }));
    }

    @TestFactory
    Stream<DynamicTest> everyCommandHasHelpWithExamples() {
        return commands()
                .map(command -> DynamicTest.dynamicTest(command, () -> {
                    Ran ran = Ran.engine((command + " --help").split(" "));
                    assertTrue(ran.output().startsWith("Usage: engine " + command), ran.out());
                    assertTrue(ran.out().contains("  engine " + command), ran.out());
                    assertEquals("", ran.err());
                }));
    }

    /** A new command must be entered above. */
    @Test
    void noCommandIsLeftOut() {
        assertEquals(
                PLAUSIBLE.keySet().stream().sorted().toList(),
                commands().sorted().toList());
    }

    @Test
    void unreadableModelIsAFailure() throws IOException {
        Path file = Files.writeString(folder.resolve("closed.gguf"), "GGUF");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "the user of these tests may read every file");
        fails(FAILED, "info " + file);
    }

    @Test
    void stackTraceIsShownOnRequestOnly() {
        Ran ran = Ran.engine("info", "--verbose", folder.resolve("missing").toString());
        assertEquals(FAILED, ran.status());
        assertEquals(1, ran.err().lines().filter(l -> l.startsWith("engine: ")).count());
        assertTrue(ran.err().contains("\tat org.espalier."), ran.err());
    }

    /** The names of all commands, of commands with parts each part's. */
    private static Stream<String> commands() {
        return runnable(Main.commandLine())
                .map(c -> c.getCommandSpec().qualifiedName().substring("engine ".length()));
    }

    private static Stream<CommandLine> runnable(CommandLine command) {
        Stream<CommandLine> inside = command.getSubcommands().values().stream().flatMap(BadArgumentsTest::runnable);
        return command.getCommand() instanceof EngineCommand ? Stream.concat(Stream.of(command), inside) : inside;
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

    private String fails(int status, String line) throws IOException {
        List<Path> before = files();
        String[] arguments = line.isBlank()
                ? new String[0]
                : line.strip().replace("@", folder.toString()).split("\\s+");
        String printed = Ran.engine(arguments).failure(status);
        assertFalse(printed.contains("Exception") || printed.contains("internal error"), printed);
        assertEquals(before, files(), "files after engine " + line);
        return said;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }
}
