package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Every command there is: none is left out of these tests, of the help, or of how wrong arguments are refused. */
class EveryCommandTest {

    /** For each command, arguments that are right as far as they go; the model is put behind them. */
    static final Map<String, String> PLAUSIBLE = Map.ofEntries(
            Map.entry("info", ""),
            Map.entry("groups", ""),
            Map.entry("tokenize", "--text x"),
            Map.entry("generate", "--prompt x"),
            Map.entry("serve", "--port 0"),
            Map.entry("logits", "--ids 1,2 --out @/out.safetensors"),
            Map.entry("eval ppl", "--data @/story.txt"),
            Map.entry("eval divergence", "--data @/story.txt --reference @/missing"),
            Map.entry("eval generation", "--max-tokens 4"),
            Map.entry("score", "--criterion l2 --out @/out"),
            Map.entry("prune", "--criterion l2 --out @/out"),
            Map.entry("run", "--criterion l2 --data @/story.txt --out @/out"),
            Map.entry("tune", "--data @/story.txt --out @/out"),
            Map.entry("merge", "--out @/out @/adapter"),
            Map.entry("convert", "--out @/out"),
            Map.entry("quantize", "--dtype int8-row --out @/out"),
            Map.entry("bench", "--prompt 4 --generate 4"),
            Map.entry("pretrain", "--out @/out --steps 1 --layers 1"),
            Map.entry("random", "--out @/out"),
            Map.entry("widths", "--scores @/scores --out @/out"),
            Map.entry("plan", "--scores @/scores --out @/out"),
            Map.entry("eval zero-shot", "--data-dir @/tasks --tasks copa"),
            Map.entry("plan show", ""),
            Map.entry("plan diff", "@/plan"),
            Map.entry("compact", "--plan @/plan --out @/out"),
            Map.entry("demo", "--out @/out"),
            Map.entry("report", "--out @/out"),
            Map.entry("devices", ""));

    static final List<String> WITHOUT_MODEL = List.of("devices", "pretrain", "demo");

    /** Takes as many folders as are given, and fails on the first that is none. */
    private static final String ANY_NUMBER = "report";

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> everyCommandRefusesWhatIsNoModel() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.gguf"));
        Path noise = Files.write(folder.resolve("noise.gguf"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        Path text = Files.writeString(folder.resolve("text.txt"), "no model");
        Files.writeString(folder.resolve("story.txt"), "Once upon a time.");
        Path task = Files.createDirectories(folder.resolve("tasks/copa"));
        Files.writeString(
                task.resolve("val.jsonl"),
                "{\"premise\": \"It rained.\", \"choice1\": \"A\", \"choice2\": \"B\", \"question\": \"effect\", \"label\": 0}");
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
                        () -> Refusal.of(folder, Refusal.FAILED, command + " " + arguments + " " + model))));
            }
        });
        return tests.stream();
    }

    @TestFactory
    Stream<DynamicTest> everyCommandRefusesUnknownOptionsAndExtraArguments() {
        return PLAUSIBLE.entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    Refusal.of(folder, Refusal.WRONG_USAGE, e.getKey() + " " + e.getValue() + " --nonsense");
                    Refusal.of(
                            folder,
                            e.getKey().equals(ANY_NUMBER) ? Refusal.FAILED : Refusal.WRONG_USAGE,
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

    /** The names of all commands, of commands with parts each part's. */
    private static Stream<String> commands() {
        return commandLines().map(EveryCommandTest::name);
    }

    /** All commands. */
    static Stream<CommandLine> commandLines() {
        return runnable(Main.commandLine());
    }

    /** What is typed for a command. */
    static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName().substring("engine ".length());
    }

    private static Stream<CommandLine> runnable(CommandLine command) {
        Stream<CommandLine> inside = command.getSubcommands().values().stream().flatMap(EveryCommandTest::runnable);
        return command.getCommand() instanceof EngineCommand ? Stream.concat(Stream.of(command), inside) : inside;
    }
}
