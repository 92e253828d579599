package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.espalier.cli.faults.CommandProcess;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Weights that somebody overwrites while they are mapped: one line, where reading them would end the process. All in one process,
 * which outlives each.
 */
class ShortenedFileTest {

    private static final String SENTENCE = "the fox ran to the big red house and saw the old dog there\n";

    @TempDir
    private static Path common;

    private static Path errors;
    private static CommandProcess process;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws IOException {
        errors = common.resolve("errors");
        process = new CommandProcess(
                ShorteningChild.class, errors, "-XX:ErrorFile=" + common.resolve("crash.log"), "-Xmx512m");
    }

    @AfterAll
    static void end() {
        process.close();
    }

    /** After some tokens the loops run as the compiler made them, each type of weight by another one. */
    @ParameterizedTest
    @CsvSource({"f32", "bf16", "f16"})
    void generateEndsInOneLine(String type) throws Exception {
        model(type);
        assertShortened(60, "generate", "@/m", "--prompt", "the", "--max-tokens", "400");
    }

    /** Many tokens at once are computed by OpenBLAS. */
    @ParameterizedTest
    @CsvSource({"f32, 3", "bf16, 3"})
    void tuneEndsInOneLine(String type, int lines) throws Exception {
        model(type);
        Files.writeString(folder.resolve("text.txt"), SENTENCE.repeat(64));
        assertShortened(
                lines,
                "tune",
                "@/m",
                "--data",
                "@/text.txt",
                "--out",
                "@/adapter",
                "--batch-size",
                "4",
                "--epochs",
                "4",
                "--threads",
                "2",
                "--verbose");
        assertEquals(List.of("m", "model", "text.txt"), TestFiles.names(folder));
    }

    /** Also where all was read before it happened: nobody can tell what would have been read later. */
    @Test
    void aFileThatIsShorterAtTheEndIsNamed() throws Exception {
        model("bf16");
        assertShortened(1, "generate", "@/m", "--prompt", "the", "--max-tokens", "1");
    }

    /** Blocks of Q4_1, and an embedding of Q8_0, each with loops of its own. */
    @Test
    void quantisedWeightsEndInOneLine() throws Exception {
        Path model = Files.createDirectory(folder.resolve("m"));
        String weights = "smollm2-135m-instruct.Q4_1.gguf";
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json", weights)) {
            Files.write(model.resolve(name), Files.readAllBytes(Shared.path("models/smollm2-135m/" + name)));
        }
        assertShortened("m/" + weights, 6, "generate", "@/m", "--prompt", "The hedge", "--max-tokens", "400");
    }

    private void model(String type) throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
        String model = folder.resolve("model").toString();
        String out = folder.resolve("m").toString();
        Ran.engine("convert", model, "--out", out, "--dtype", type).output();
    }

    private void assertShortened(int writes, String... command) throws Exception {
        assertShortened("m/model.safetensors", writes, command);
    }

    private void assertShortened(String file, int writes, String... command) throws Exception {
        Path weights = folder.resolve(file);
        List<String> words = new ArrayList<>(List.of(weights.toString(), Integer.toString(writes)));
        for (String word : command) {
            words.add(word.replace("@", folder.toString()));
        }
        Files.writeString(errors, "");
        int status = process.run(words.toArray(String[]::new));
        List<String> said = Files.readAllLines(errors);
        assertEquals(1, status, () -> String.join("\n", said.subList(0, Math.min(30, said.size()))));
        assertTrue(
                said.contains("engine: file was shortened while it was in use (" + weights
                        + "): write it anew, and replace files by renaming while they are in use"),
                () -> String.join("\n", said));
    }
}
