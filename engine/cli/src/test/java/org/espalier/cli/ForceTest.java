package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --force} may replace: what this program wrote, and never an input; tried with every command that has it. */
class ForceTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void makeInputs() throws IOException {
        for (String input :
                List.of("inputs/model/config.json", "inputs/adapter/adapter_config.json", "inputs/story.txt")) {
            write(input);
        }
        for (String input : List.of("inputs/scores", "inputs/plan", "photos/holiday.jpg", "photos/config.json")) {
            write(input);
        }
    }

    @TestFactory
    Stream<DynamicTest> replacesNoFolderOfSomebodyElse() {
        return commands()
                .map(c -> DynamicTest.dynamicTest(c, () -> {
                    String line = refused(c, "@/photos");
                    assertTrue(line.contains("did not write, 'holiday.jpg'"), line);
                }));
    }

    @TestFactory
    Stream<DynamicTest> replacesNoInputAndNothingThatHoldsOne() throws IOException {
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("inputs"));
        return commands()
                .filter(c -> !EveryCommandTest.WITHOUT_MODEL.contains(c))
                .flatMap(c -> Stream.of("@/inputs", "@/inputs/model", "@/link/model", "@/inputs/model/config.json")
                        .map(out -> DynamicTest.dynamicTest(c + " " + out, () -> {
                            String line = refused(c, out);
                            assertTrue(line.contains("would replace an input"), line);
                        })));
    }

    @TestFactory
    Stream<DynamicTest> replacesNoFileThatIsNamedAsAnInput() {
        return Stream.of(
                        "plan --scores @/inputs/scores --out @/inputs/scores",
                        "compact --plan @/inputs/plan --out @/inputs/plan",
                        "tune --data @/inputs/story.txt --out @/inputs/story.txt",
                        "score --criterion l1 --calibration @/inputs/story.txt --out @/inputs/story.txt",
                        "merge @/inputs/model --out @/inputs/adapter @/inputs/adapter")
                .map(c -> DynamicTest.dynamicTest(c, () -> {
                    String model = c.startsWith("merge") ? "" : " @/inputs/model";
                    String line = Refusal.of(folder, Refusal.FAILED, c + " --force" + model);
                    assertTrue(line.contains("would replace an input"), line);
                }));
    }

    /** The parts of a model are often links to where they really lie. */
    @Test
    void replacesNoFolderThatAnInputsLinksLeadInto() throws IOException {
        write("blobs/model.safetensors");
        Files.createSymbolicLink(
                folder.resolve("inputs/model/model.safetensors"), folder.resolve("blobs/model.safetensors"));
        String line = refused("convert", "@/blobs");
        assertTrue(line.contains("would replace an input"), line);
    }

    /** Whatever a command leaves it knows again: nothing here is refused as somebody else's. */
    @Test
    void replacesWhatItWroteItself() throws IOException {
        String out = folder.resolve("out").toString();
        String model = Golden.resource("mha").toString();
        for (int round = 0; round < 2; round++) {
            Ran.engine("convert", model, "--out", out, "--force").output();
            Ran.engine("prune", model, "--criterion", "l2", "--ratio", "0.2", "--out", out, "--force")
                    .output();
        }
    }

    private String refused(String command, String out) throws IOException {
        List<String> before = contents();
        String arguments = EveryCommandTest.PLAUSIBLE
                        .get(command)
                        .replaceAll("--out \\S+", "")
                        // Only many texts go into a file.
                        .replace("--prompt x", "--texts 1")
                + output(command)
                + out;
        String model = EveryCommandTest.WITHOUT_MODEL.contains(command) ? "" : " @/inputs/model";
        String line = Refusal.of(
                folder,
                Refusal.FAILED,
                command + " " + arguments.replaceAll("@/(story|scores|plan|adapter)", "@/inputs/$1") + " --force"
                        + model);
        assertEquals(before, contents());
        return line;
    }

    private static String output(String command) {
        return command.equals("eval zero-shot") ? " --samples " : " --out ";
    }

    private List<String> contents() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .sorted()
                    .map(ForceTest::text)
                    .toList();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, name);
    }

    /** The commands that replace something. */
    private static Stream<String> commands() {
        return EveryCommandTest.commandLines()
                .filter(c -> c.getCommandSpec().findOption("--force") != null)
                .map(EveryCommandTest::name);
    }
}
