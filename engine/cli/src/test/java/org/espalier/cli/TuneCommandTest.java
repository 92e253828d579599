package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.espalier.TestFiles;
import org.espalier.ffi.OneDnn;
import org.espalier.file.Replacement;
import org.espalier.job.DemoModel;
import org.espalier.report.AdapterSizes;
import org.espalier.report.TrainingFile;
import org.espalier.tune.StoryGrammar;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The small model that comes with the program, pruned, trained back on generated stories, measured, merged and used. */
class TuneCommandTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
        stories("stories.txt", 1, 40);
        stories("unseen.txt", 2, 12);
    }

    @Test
    void aPrunedModelIsTrainedBack() throws IOException {
        // Whole heads and nothing made up for, so that much is lost which training can bring back.
        engine(
                "prune @/model --calibration @/stories.txt --ratio 0.3 --units kv_heads,neurons --samples 10 --seq-len 64 "
                        + "--compensate none --out @/pruned");
        JsonNode tuned = json(
                "tune @/pruned --data @/stories.txt --out @/adapter --batch-size 8 --lr 3e-3 --epochs 2 " + "--json");
        assertEquals(9, tuned.get("steps").asInt());
        assertEquals(36, tuned.get("samples").asInt());
        assertEquals(4, tuned.get("held_out").asInt());
        assertTrue(
                tuned.get("eval_loss").asDouble()
                        < tuned.get("eval_loss_before").asDouble() - 0.08,
                tuned::toString);
        assertTrue(tuned.get("tokens_per_second").asDouble() > 0, tuned::toString);
        assertEquals(
                List.of("adapter_config.json", "adapter_model.safetensors", "metrics.jsonl", "training.json"),
                TestFiles.names(folder.resolve("adapter")));
        assertEquals(List.of("adapter", "model", "pruned", "stories.txt", "unseen.txt"), TestFiles.names(folder));

        double pruned = perplexity("@/pruned");
        double recovered = perplexity("@/pruned --adapter @/adapter");
        assertTrue(recovered < 0.9 * pruned, pruned + " to " + recovered);
        engine("merge @/pruned @/adapter --out @/merged --dtype f32");
        assertEquals(recovered, perplexity("@/merged"), 1e-3 * recovered);
        assertFalse(engine("generate @/pruned --adapter @/adapter --max-tokens 20 --prompt Once")
                .isBlank());
    }

    @Test
    void theRecordSaysHowTrainingWent() {
        engine("tune @/model --data @/stories.txt --out @/adapter --batch-size 16 --max-samples 32 --epochs 2 --rank 2 "
                + "--alpha 3 --dropout 0 --lr 1e-3 --warm-up 2 --cutoff 32 --held-out 3 --eval-every 2 --seed 5 "
                + "--micro-batch-size 5");
        TrainingFile record = TrainingFile.read(folder.resolve("adapter"));
        assertEquals(
                new TrainingFile.Settings(
                        "standard",
                        new AdapterSizes(2, 3, 0, false),
                        new TrainingFile.Rate(1e-3, 2),
                        new TrainingFile.Batches(2, 16, 5, 32, null, null),
                        new TrainingFile.Looks(2, null),
                        null,
                        5),
                record.settings());
        assertEquals(32, record.data().samples());
        assertEquals("text", record.data().format());
        assertEquals(64, record.data().sha256().length());
        assertEquals(4, record.training().steps());
        assertEquals(
                List.of(1, 2, 3, 4),
                record.training().losses().stream().map(p -> p.step()).toList());
        assertEquals(
                List.of(0, 2, 4),
                record.training().evalLosses().stream().map(p -> p.step()).toList());
        assertTrue(record.training().losses().stream().allMatch(p -> p.loss() > 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--targets q_proj,v_proj --norms",
                "--targets layers.*.mlp.* --rslora",
                "--dora --dropout 0.1",
                "--dora --rslora --norms --dropout 0 --targets layers.1.*.*,o_proj"
            })
    void adaptersOfEveryKindAreUsedMergedAndGoneOnFrom(String kind) throws IOException {
        String common = " --data @/stories.txt --max-samples 8 --cutoff 32 --batch-size 4 --lr 1e-2 --rank 2 ";
        JsonNode tuned = json("tune @/model --out @/adapter --json" + common + kind);
        assertTrue(tuned.get("kept_step").asInt() > 0, tuned::toString);
        double used = perplexity("@/model --adapter @/adapter");
        assertTrue(Math.abs(used / perplexity("@/model") - 1) > 1e-3);
        engine("merge @/model @/adapter --out @/merged --dtype f32");
        assertEquals(used, perplexity("@/merged"), 1e-4 * used);
        assertFalse(engine("generate @/model --adapter @/adapter --max-tokens 5 --prompt Once")
                .isBlank());

        String further = "tune @/model --adapter @/adapter --out @/further --json" + common.replace("--rank 2 ", "");
        JsonNode then = json(further + "--dropout 0");
        assertEquals(
                tuned.get("eval_loss").asDouble(), then.get("eval_loss_before").asDouble(), 1e-4);
        assertEquals(
                tuned.get("trainable_parameters").asLong(),
                then.get("trainable_parameters").asLong());
        assertEquals(
                json(folder.resolve("adapter/adapter_config.json")).without("lora_dropout"),
                json(folder.resolve("further/adapter_config.json")).without("lora_dropout"));
        assertEquals(
                64,
                TrainingFile.read(folder.resolve("further"))
                        .settings()
                        .lora()
                        .start()
                        .length());
    }

    @Test
    void whatDoesNotGoTogetherIsRefusedByName() {
        String command = "tune @/model --data @/stories.txt --out @/adapter ";
        Map.of(
                        "--full --dora", "--dora is for adapters; with --full there are none",
                        "--full --adapter @/x", "--adapter does not go with --full",
                        "--adapter @/x --rank 3", "--rank does not go with --adapter",
                        "--adapter @/x --targets q_proj", "--targets does not go with --adapter",
                        "--adapter @/x --rslora", "--rslora does not go with --adapter")
                .forEach((options, line) ->
                        assertTrue(run(command + options).failure(2).contains(line), line));
        assertTrue(run(command + "--adapter @/x").failure(1).contains("no such adapter"));
        String line = run(command + "--targets q_proj,layers.*.x").failure(1);
        assertTrue(
                line.contains("no projection of the model is called 'layers.*.x' (--targets): name some of q_proj"),
                line);
    }

    private static ObjectNode json(Path file) throws IOException {
        return (ObjectNode) new ObjectMapper().readTree(file.toFile());
    }

    @Test
    void theSameBytesAtAnyNumberOfThreads() throws IOException {
        byte[] one = tuned("one", "--threads 1");
        assertArrayEquals(one, tuned("two", "--threads 2"));
        assertFalse(Arrays.equals(one, tuned("other", "--threads 2 --seed 1")));
    }

    @Test
    void llmPrunersRecipeSetsItsNumbersAndOptionsOverrideThem() {
        engine("tune @/model --data @/stories.txt --out @/adapter --recipe llm-pruner --max-samples 4 --held-out 1 "
                + "--batch-size 8");
        TrainingFile.Settings settings =
                TrainingFile.read(folder.resolve("adapter")).settings();
        assertEquals(
                new TrainingFile.Settings(
                        "llm-pruner",
                        new AdapterSizes(8, 16, 0.05, false),
                        new TrainingFile.Rate(1e-4, 100),
                        new TrainingFile.Batches(2, 8, 4, 256, null, null),
                        new TrainingFile.Looks(100, null),
                        null,
                        42),
                settings);
    }

    @Test
    void instructionsAreCountedWhereTheyTeachNothing() throws IOException {
        String records = Stream.of(
                        "Sing.|La la la.", "Wait.|", "Count.|One, two, three.", "Tell " + "me ".repeat(400) + "|Yes.")
                .map(r -> r.split("\\|", 2))
                .map(r -> "{\"instruction\": \"%s\", \"output\": \"%s\"}".formatted(r[0], r[1]))
                .collect(Collectors.joining(",", "[", "]"));
        Files.writeString(folder.resolve("alpaca.json"), records);
        JsonNode tuned = json("tune @/model --data @/alpaca.json --out @/adapter --held-out 1 --json");
        assertEquals(
                List.of(1, 1, 1, 1),
                Stream.of("samples", "held_out", "skipped_empty", "skipped_too_long")
                        .map(key -> tuned.get(key).asInt())
                        .toList());
    }

    /** The same texts every time: training with them by name gives the same adapter. */
    @Test
    void withoutTextsTheTeacherWritesThem() throws IOException {
        String options = " --teacher @/model --max-tokens 1024 --cutoff 64 --batch-size 4 --seed 7";
        JsonNode tuned = json("tune @/model --out @/own" + options + " --json");
        assertTrue(tuned.get("held_out").asInt() > 0, tuned::toString);
        json("generate @/model --texts 18 --max-tokens 64 --seed 7 --out @/texts.jsonl --json");
        json("tune @/model --data @/texts.jsonl --out @/named" + options + " --json");
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("named/" + file)),
                    Files.readAllBytes(folder.resolve("own/" + file)));
        }
        assertTrue(run("tune @/model --out @/own --teacher @/model").failure(1).contains("output exists"));
        String missing = run("tune @/model --out @/other").failure(2);
        assertTrue(missing.contains("give texts to learn from with --data FILE, or a --teacher MODEL"), missing);
    }

    @Test
    void aRunThatFailsLeavesNothing() {
        List<String> before = TestFiles.names(folder);
        String printed = run("tune @/model --data @/stories.txt --out @/adapter --lr 1 --alpha 1e30 --batch-size 4 "
                        + "--cutoff 32")
                .failureAfterNotes();
        assertTrue(printed.contains("(training step "), printed);
        assertEquals(before, TestFiles.names(folder));
        printed = run("tune @/model --data @/stories.txt --out @/unseen.txt --force")
                .failure(1);
        assertTrue(printed.contains("a file stands where a folder is to be written"), printed);
        assertEquals(before, TestFiles.names(folder));
    }

    @Test
    void anInterruptedTrainingIsResumedToTheSameBytes() throws IOException {
        byte[] whole = tuned("whole", "");
        List<String> metrics = metrics("whole");
        String command = "tune @/model --data @/stories.txt --out @/adapter --max-samples 8 --cutoff 32 --batch-size 4 "
                + "--save-every 1";
        interrupt(command + " --verbose", "step 2 of 2");
        assertEquals(
                List.of(
                        "adapter_config.json",
                        "adapter_model.safetensors",
                        "metrics.jsonl",
                        "optimizer.safetensors",
                        "training.json"),
                TestFiles.names(folder.resolve("adapter")));
        Replacement.requireOwn(folder.resolve("adapter"));
        assertEquals(1, TrainingFile.read(folder.resolve("adapter")).training().steps());
        refusesAnotherTraining(command + " --resume");
        assertTrue(run(command.replace("size 4", "size 8") + " --resume")
                .failure(1)
                .contains("batch_size: 4 there, 8 now"));
        run(command).failure(1);
        refusesWhatWasLeftByAnother(command + " --resume");
        // The same model and texts, wherever they lie, are the same.
        Files.copy(folder.resolve("stories.txt"), folder.resolve("copy.txt"));
        engine(command.replace("@/model", "@/./model").replace("@/stories.txt", "@/copy.txt") + " --resume");
        assertArrayEquals(whole, Files.readAllBytes(folder.resolve("adapter/adapter_model.safetensors")));
        assertEquals(
                List.of("adapter_config.json", "adapter_model.safetensors", "metrics.jsonl", "training.json"),
                TestFiles.names(folder.resolve("adapter")));
        assertEquals(
                2,
                TrainingFile.read(folder.resolve("adapter")).training().losses().size());
        assertEquals(metrics, metrics("adapter"));
        assertTrue(run(command + " --resume").failure(1).contains("no unfinished training"));
    }

    @Test
    void aPrunedModelLearnsTheDenseOnesPredictions() throws IOException {
        engine(
                "prune @/model --calibration @/stories.txt --ratio 0.3 --units kv_heads,neurons --samples 10 --seq-len 64 "
                        + "--compensate none --out @/pruned");
        String command =
                "tune @/pruned --data @/stories.txt --out @/adapter --batch-size 4 --lr 3e-3 --teacher @/model "
                        + "--save-every 1";
        JsonNode tuned = json(command + " --json");
        assertTrue(
                tuned.get("eval_loss").asDouble()
                        < 0.9 * tuned.get("eval_loss_before").asDouble(),
                tuned::toString);
        TrainingFile.Teaching teacher =
                TrainingFile.read(folder.resolve("adapter")).teacher();
        assertEquals(folder.resolve("model").toString(), teacher.model());
        assertEquals(1, teacher.weight());
        byte[] whole = Files.readAllBytes(folder.resolve("adapter/adapter_model.safetensors"));
        String interrupted = command.replace("@/adapter", "@/left");
        interrupt(interrupted + " --verbose", "step 2 of ");
        for (String other : List.of(" --distil-weight 0.5", " --teacher @/pruned")) {
            String line = run((interrupted + " --resume")
                            .replace(
                                    " --teacher @/model",
                                    other.contains("teacher") ? other : " --teacher @/model" + other))
                    .failure(1);
            assertTrue(line.contains("another teacher, or another weight of it"), line);
        }
        engine(interrupted + " --resume");
        assertArrayEquals(whole, Files.readAllBytes(folder.resolve("left/adapter_model.safetensors")));
    }

    @Test
    void allWeightsEndInAModelAndAreResumedToTheSameBytes() throws IOException {
        String command = "tune @/model --data @/stories.txt --out @/trained --full --max-samples 8 --cutoff 32 "
                + "--batch-size 4 --lr 1e-3 --save-every 1";
        JsonNode tuned = json(command + " --json");
        assertEquals(
                json("info @/model --json").get("parameters").asLong(),
                tuned.get("trainable_parameters").asLong());
        assertEquals(
                AdapterSizes.NONE,
                TrainingFile.read(folder.resolve("trained")).settings().lora());
        assertTrue(perplexity("@/trained") != perplexity("@/model"));
        byte[] whole = Files.readAllBytes(folder.resolve("trained/model.safetensors"));

        String interrupted = command.replace("@/trained", "@/left");
        interrupt(interrupted + " --verbose", "step 2 of 2");
        Replacement.requireOwn(folder.resolve("left"));
        assertTrue(
                run(interrupted.replace(" --full", "") + " --resume").failure(1).contains("other settings"));
        engine(interrupted + " --resume");
        assertArrayEquals(whole, Files.readAllBytes(folder.resolve("left/model.safetensors")));
        assertFalse(TestFiles.names(folder.resolve("left")).contains("optimizer.safetensors"));
        assertTrue(run(command.replace("@/trained", "@/other") + " --recipe llm-pruner")
                .failure(2)
                .contains("--full does not go with"));
    }

    /** Whatever the bytes depend on is told apart, by its name. */
    private void refusesAnotherTraining(String resume) {
        Map.of(
                        "--lr 1e-3", "learning_rate: 3.0E-4 there, 0.001 now",
                        "--alpha 3", "alpha",
                        "--rank 2", "rank",
                        "--dropout 0", "dropout",
                        "--norms", "norms",
                        "--warm-up 0", "warm_up",
                        "--micro-batch-size 1", "micro_batch_size",
                        "--eval-every 2", "eval_every",
                        "--patience 1", "patience: none there, 1 now",
                        "--portable", "another kind of processor")
                .forEach((option, named) ->
                        assertTrue(run(resume + " " + option).failure(1).contains(named), () -> option + ": " + named));
        Map.of(
                        "--epochs 2", "epochs",
                        "--full", "rank",
                        "--seed 1", "other texts",
                        "--held-out 2", "other texts",
                        "--precision split", "precision",
                        "--teacher @/model", "another teacher")
                .forEach((option, named) ->
                        assertTrue(run(resume + " " + option).failure(1).contains(named), () -> option + ": " + named));
    }

    /** Without times. */
    private List<String> metrics(String name) throws IOException {
        return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"(seconds|tokens_per_second)\":[^,}]+", ""))
                .toList();
    }

    /** Half where the processor multiplies bfloat16, unless another precision or the same bytes everywhere are asked for. */
    @ParameterizedTest
    @CsvSource({"'', true", "--precision float32, false", "--portable, false"})
    void trainingIsInHalfWhereThatIsFaster(String option, boolean half) {
        run("tune @/model --data @/stories.txt --out @/adapter --cutoff 16 --max-samples 2 --device cpu " + option)
                .output();
        assertEquals(
                half && OneDnn.usable() ? "half" : "float32",
                TrainingFile.read(folder.resolve("adapter")).computer().precision());
    }

    @Test
    void severalFilesGiveTheirSharesAndAreResumedToTheSameBytes() throws IOException {
        stories("more.txt", 3, 60);
        String command = "tune @/model --data @/stories.txt:0.4 --data @/more.txt:0.6 --out @/adapter --cutoff 32 "
                + "--max-tokens 800 --batch-size 4 --micro-batch-size 2 --lr 1e-3 --held-out 4 --save-every 1";
        JsonNode tuned = json(command + " --json");
        assertEquals(320, tuned.get("sources").get(0).get("tokens").asDouble(), 32);
        assertEquals(480, tuned.get("sources").get(1).get("tokens").asDouble(), 32);
        assertTrue(tuned.get("tokens").asLong() <= 800, tuned::toString);
        assertEquals(6, tuned.get("steps").asInt());
        TrainingFile record = TrainingFile.read(folder.resolve("adapter"));
        assertEquals("stories.txt, more.txt", record.data().path());
        assertEquals(
                List.of(0.4, 0.6),
                record.data().sources().stream().map(s -> s.share()).toList());
        assertEquals(true, record.settings().batches().packed());
        assertEquals(800, record.settings().batches().most());
        byte[] whole = Files.readAllBytes(folder.resolve("adapter/adapter_model.safetensors"));

        String interrupted = command.replace("@/adapter", "@/left");
        interrupt(interrupted + " --verbose", "step 3 of 6");
        for (String other : List.of(":0.4|:0.5", "--save-every|--no-pack --save-every", "800|801")) {
            String[] change = other.split("\\|");
            String changed = interrupted
                    .replace(change[0], change[1])
                    .replace(":0.5 --data @/more.txt:0.6", ":0.5 --data @/more.txt:0.5");
            String line = run(changed + " --resume").failure(1);
            assertTrue(line.contains("the training there was begun with other"), line);
        }
        engine(interrupted + " --resume");
        assertArrayEquals(whole, Files.readAllBytes(folder.resolve("left/adapter_model.safetensors")));
    }

    @Test
    void sharesThatAreNoneAreRefused() {
        for (String given : List.of(
                "--data @/stories.txt --data @/unseen.txt:0.5|names 2 files, and",
                "--data @/stories.txt:0.5 --data @/unseen.txt:0.4|add up to 0.9, not to 1",
                "--data @/stories.txt:half|'half' is no share of stories.txt",
                "--data @/stories.txt:0|'0' is no share of stories.txt",
                "--data @/stories.txt --fields answer=a|'answer' is no field of examples; prompt, completion",
                "--data @/stories.txt --max-tokens 0|'0' is not a whole number from 1")) {
            String[] parts = given.split("\\|");
            String line = run("tune @/model --out @/adapter " + parts[0]).failure(2);
            assertTrue(line.contains(parts[1]), line);
            assertEquals(1, line.lines().count(), line);
        }
    }

    private void refusesWhatWasLeftByAnother(String resume) throws IOException {
        Path optimizer = folder.resolve("adapter/optimizer.safetensors");
        Path model = folder.resolve("model/model.safetensors");
        for (Path changed : List.of(optimizer, model)) {
            byte[] bytes = Files.readAllBytes(changed);
            byte[] other = bytes.clone();
            other[other.length - 2] ^= 1;
            Files.write(changed, other);
            String line = run(resume).failure(1);
            assertTrue(line.contains(changed == model ? "other weights" : "is not what was left"), line);
            Files.write(changed, bytes);
        }
    }

    /** Ends a command the hard way when it says something. */
    private void interrupt(String line, String printed) {
        PrintStream err = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8) {
            @Override
            public void write(byte[] bytes, int start, int count) {
                if (new String(bytes, start, count, StandardCharsets.UTF_8).contains(printed)) {
                    throw new IllegalStateException("interrupted");
                }
            }
        };
        PrintStream out = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        assertEquals(1, Main.run(line.replace("@", folder.toString()).split(" "), out, err));
    }

    private byte[] tuned(String name, String options) throws IOException {
        engine("tune @/model --data @/stories.txt --out @/" + name + " --max-samples 8 --cutoff 32 --batch-size 4 "
                + options);
        return Files.readAllBytes(folder.resolve(name).resolve("adapter_model.safetensors"));
    }

    private double perplexity(String model) throws IOException {
        return json("eval ppl " + model + " --data @/unseen.txt --json")
                .get("results")
                .get(0)
                .get("ppl")
                .asDouble();
    }

    private void stories(String name, long seed, int count) throws IOException {
        StoryGrammar grammar = new StoryGrammar();
        Files.write(
                folder.resolve(name),
                LongStream.range(0, count).mapToObj(i -> grammar.story(seed, i)).toList());
    }

    private JsonNode json(String line) throws IOException {
        return new ObjectMapper().readTree(engine(line));
    }

    private String engine(String line) {
        return run(line).output();
    }

    private Ran run(String line) {
        return Ran.engine(line.replace("@", folder.toString()).split(" "));
    }
}
