package org.espalier.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.espalier.Shared;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What workers do is what the engine does alone, to the byte, however work is divided among them. */
class DividedWorkTest {

    private static final int BATCHES = 5;

    @TempDir
    private static Path folder;

    private static Path model;
    private static Path ids;

    /** Sequences of several lengths: batches are not alike. */
    @BeforeAll
    static void draw() throws IOException {
        model = Shared.path("models/stories260K");
        Random random = new Random(5);
        List<String> sequences = IntStream.range(0, 2 * BATCHES)
                .mapToObj(s -> random.ints(s % 3 == 0 ? 512 : 480, 3, 500)
                        .boxed()
                        .toList()
                        .toString())
                .toList();
        ids = Files.writeString(folder.resolve("ids.json"), sequences.toString());
    }

    /** What stays open between tasks would be a leak to the next test. */
    @AfterEach
    void close() {
        Station.closeAll();
    }

    private static void same(int parts, String command, Path alone, Path divided, String... options) {
        ok(Ran.alone(command(command, alone, options)));
        ok(Ran.divided(parts, command(command, divided, options)));
    }

    private static void ok(Ran ran) {
        assertEquals(0, ran.status(), ran.err());
    }

    private static String[] command(String command, Path out, String... options) {
        return Stream.of(
                        Stream.of(command, model.toString()),
                        Stream.of(options),
                        Stream.of("--out", out.toString(), "--force"))
                .flatMap(words -> words)
                .toArray(String[]::new);
    }

    private static void assertSameFiles(Path alone, Path divided) throws IOException {
        assertArrayEquals(Files.readAllBytes(alone), Files.readAllBytes(divided), divided.toString());
    }

    /** Five batches, which two, three and seven do not divide. */
    @Test
    void scoresInAnyNumberOfParts() throws IOException {
        Path alone = folder.resolve("alone.json");
        ok(Ran.alone(command("score", alone, "--ids-file", ids.toString())));
        for (int parts : new int[] {1, 2, 3, 7}) {
            Path divided = folder.resolve("divided.json");
            ok(Ran.divided(parts, command("score", divided, "--ids-file", ids.toString())));
            assertSameFiles(alone, divided);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vectorize", "wanda", "flap", "param_first", "param_mix"})
    void scoresByEveryCriterion(String criterion) throws IOException {
        Path alone = folder.resolve("alone.json");
        Path divided = folder.resolve("divided.json");
        same(3, "score", alone, divided, "--ids-file", ids.toString(), "--criterion", criterion);
        assertSameFiles(alone, divided);
    }

    /** The plan, the scores that it came from, and weights that were fitted. */
    @Test
    void prunedModels() throws IOException {
        Path alone = folder.resolve("alone");
        Path divided = folder.resolve("divided");
        same(2, "prune", alone, divided, "--ids-file", ids.toString(), "--ratio", "0.2", "--round", "1");
        for (String file : List.of("plan.json", "scores.json", "model.safetensors", "config.json")) {
            assertSameFiles(alone.resolve(file), divided.resolve(file));
        }
    }

    @Test
    void perplexities() {
        sameJson(3, "eval", "ppl", model.toString(), "--data", text(), "--max-windows", "20");
    }

    @Test
    void divergences() {
        sameJson(
                2,
                "eval",
                "divergence",
                model.toString(),
                "--reference",
                model.toString(),
                "--data",
                text(),
                "--max-windows",
                "20");
    }

    /** Workers leave out of the reference what the model does not know, too. */
    @Test
    void divergencesOfFewerTokens() throws IOException, TimeoutException {
        String whole = DemoModel.writeTo(folder.resolve("whole")).toString();
        String fewer = folder.resolve("fewer").toString();
        String stories =
                Files.write(folder.resolve("stories"), DemoModel.stories(1, 40)).toString();
        ok(Ran.alone(
                "prune", whole, "--units", "tokens", "--token-texts", stories, "--token-uses", "40", "--out", fewer));
        String[] command = {"eval", "divergence", fewer, "--reference", whole, "--data", stories, "--seq-len", "32"};
        int before = jobs();
        sameJson(3, with(with(command, "--max-windows"), "80"));
        assertEquals(1, jobs() - before);
    }

    /** That Spark has done so far. */
    private static int jobs() throws TimeoutException {
        JavaSparkContext spark = OneSession.context();
        spark.sc().listenerBus().waitUntilEmpty();
        return spark.statusTracker().getJobIdsForGroup(null).length;
    }

    @Test
    void answers() throws IOException {
        Path alone = folder.resolve("alone.jsonl");
        Path divided = folder.resolve("divided.jsonl");
        String[] options = {
            "eval",
            "zero-shot",
            model.toString(),
            "--tasks",
            "piqa",
            "--limit",
            "70",
            "--json",
            "--data-dir",
            Shared.path("data").toString(),
            "--samples"
        };
        Ran one = Ran.alone(with(options, alone.toString()));
        ok(one);
        Ran other = Ran.divided(3, with(options, divided.toString()));
        ok(other);
        assertEquals(untimed(one.out()), untimed(other.out()));
        assertSameFiles(alone, divided);
    }

    private static String untimed(String json) {
        return json.replaceAll("\"seconds\":[^,}]+", "");
    }

    @Test
    void writtenTexts() throws IOException {
        Path alone = folder.resolve("alone.txt");
        Path divided = folder.resolve("divided.txt");
        same(2, "generate", alone, divided, "--texts", "40", "--max-tokens", "8");
        assertSameFiles(alone, divided);
    }

    private static String text() {
        return Shared.path("data/tinystories/validation.txt").toString();
    }

    private static void sameJson(int parts, String... command) {
        Ran alone = Ran.alone(with(command, "--json"));
        ok(alone);
        Ran divided = Ran.divided(parts, with(command, "--json"));
        ok(divided);
        assertEquals(alone.out(), divided.out());
    }

    private static String[] with(String[] words, String last) {
        return Stream.concat(Stream.of(words), Stream.of(last)).toArray(String[]::new);
    }
}
