package org.espalier.cli;

import static org.espalier.report.StandardMeasure.DECODE;
import static org.espalier.report.StandardMeasure.HELD_OUT_LOSS;
import static org.espalier.report.StandardMeasure.LATENCY;
import static org.espalier.report.StandardMeasure.MACS;
import static org.espalier.report.StandardMeasure.MEMORY;
import static org.espalier.report.StandardMeasure.PARAMETERS;
import static org.espalier.report.StandardMeasure.PASS_MACS;
import static org.espalier.report.StandardMeasure.PREFILL;
import static org.espalier.report.StandardMeasure.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.TestFiles;
import org.espalier.file.Sha256;
import org.espalier.job.DemoModel;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.report.Comparison;
import org.espalier.report.ComparisonFile;
import org.espalier.report.Measure;
import org.espalier.report.Pages;
import org.espalier.report.StandardMeasure;
import org.espalier.report.TrainingFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** The whole main job on the small model that comes with the program; its numbers against those of the single commands. */
class RunCommandTest {

    private static final String JOB =
            "run @/model --calibration @/stories.txt --data @/stories.txt --eval @/unseen.txt "
                    + "--eval-windows 8 --ratio 0.3 --samples 10 --seq-len 64 --batch-size 8 --lr 3e-3 --teacher none --max-tokens 8 --out @/out";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
        Files.write(folder.resolve("stories.txt"), DemoModel.stories(1, 40));
        Files.write(folder.resolve("unseen.txt"), DemoModel.stories(2, 12));
    }

    @Test
    void everyNumberIsThatOfTheSingleCommand() throws IOException {
        JsonNode printed = json(JOB + " --repetitions 2 --json");
        assertEquals(
                List.of("adapter", "comparison.json", "pruned", "recovered", "report.html", "report.md"),
                TestFiles.names(folder.resolve("out")));
        Comparison run = ComparisonFile.read(folder.resolve("out/comparison.json"));
        assertEquals(
                List.of("dense", "pruned", "recovered"),
                run.stages().stream().map(Comparison.Stage::name).toList());
        assertEquals(
                ComparisonFile.tree(run).get("stages").toString(),
                printed.get("stages").toString());
        for (Comparison.Stage stage : run.stages()) {
            Path model = folder.resolve(stage.name().equals("dense") ? "model" : "out/" + stage.name());
            assertEquals(model.toString(), stage.folder());
            JsonNode info = json("info " + model + " --json");
            assertEquals(info.get("parameters").asDouble(), value(stage, PARAMETERS));
            assertEquals(info.get("weight_bytes").asDouble(), value(stage, WEIGHTS));
            assertEquals(info.get("macs_64").asDouble(), value(stage, PASS_MACS));
            JsonNode ppl = json("eval ppl " + model + " --data @/unseen.txt --max-windows 8 --json")
                    .at("/results/0");
            Measure measured = stage.measures().stream()
                    .filter(measure -> measure.name().equals("perplexity on unseen.txt"))
                    .findFirst()
                    .orElseThrow();
            assertEquals(ppl.get("ppl").asDouble(), measured.value(), 1e-9);
            assertEquals(ppl.get("predictions").asLong(), measured.settings().get("predictions"));
            assertEquals(
                    json(List.of(
                                    "generate",
                                    model.toString(),
                                    "--prompt",
                                    "Once upon a time",
                                    "--max-tokens",
                                    "8",
                                    "--json"))
                            .get("text")
                            .asText(),
                    stage.text());
            assertTrue(
                    value(stage, MEMORY) > value(stage, WEIGHTS)
                            && value(stage, PREFILL) > 0
                            && value(stage, DECODE) > 0
                            && value(stage, LATENCY) > 0
                            && value(stage, MACS) > 0,
                    stage::toString);
        }
        assertEquals(1, printed.at("/stages/0/prefill_ratio").asDouble());
        assertEquals(1, printed.at("/stages/0/latency_ratio").asDouble());
        JsonNode far =
                json("eval divergence @/out/recovered --reference @/model --data @/unseen.txt --max-windows 8 --json");
        Measure distance = run.stages().getLast().measures().stream()
                .filter(measure -> measure.name().equals("KL divergence on unseen.txt"))
                .findFirst()
                .orElseThrow();
        assertEquals(far.get("kl_mean").asDouble(), distance.value(), 1e-12);
        hashes(run);
        assertTrue(value(run.stages().get(1), MEMORY) < value(run.stages().get(0), MEMORY));
        better(run);
    }

    /** Each takes a half of what goes, and is trained by the dense model on a half of the tokens. */
    @Test
    void stagesTakeEqualPartsAndLearnFromTheDenseModel() throws IOException {
        json(
                "run @/model --calibration @/stories.txt --data @/stories.txt --ratio 0.4 --stages 2 --samples 10 --seq-len 64 "
                        + "--batch-size 2 --train-tokens 4096 --repetitions 0 --max-tokens 4 --out @/out --json");
        assertEquals(
                List.of("adapter", "comparison.json", "pruned", "recovered", "report.html", "report.md", "stages"),
                TestFiles.names(folder.resolve("out")));
        assertEquals(List.of("adapter", "pruned", "recovered"), TestFiles.names(folder.resolve("out/stages/1")));
        Plan first = PlanFile.read(folder.resolve("out/stages/1/pruned/plan.json"));
        Plan last = PlanFile.read(folder.resolve("out/pruned/plan.json"));
        double before = first.parameters().before();
        // A whole width is as near as it gets.
        assertEquals(0.8 * before, (double) first.parameters().after(), 0.01 * before);
        assertEquals(first.parameters().after(), last.parameters().before());
        assertEquals(0.6 * before, (double) last.parameters().after(), 0.01 * before);
        assertEquals(first.calibration(), last.calibration());
        JsonNode dense = json("info @/model --json");
        assertEquals(before, dense.get("parameters").asDouble());
        List<String> losses = new ArrayList<>();
        for (String adapter : List.of("out/stages/1/adapter", "out/adapter")) {
            TrainingFile training = TrainingFile.read(folder.resolve(adapter));
            assertEquals(folder.resolve("model").toString(), training.teacher().model());
            // Of 3,986 tokens a half each, 2 x 256 an update.
            assertTrue(Set.of(3, 4).contains(training.training().steps()), training::toString);
            losses.add(training.training().losses().toString());
        }
        assertNotEquals(losses.getFirst(), losses.getLast());
    }

    /** What the dense model writes is what its smaller one is calibrated on and learns from. */
    @Test
    void aModelIsAllThatIsNeeded() throws IOException {
        json("run @/model --ratio 0.3 --samples 32 --seq-len 32 --train-tokens 2048 --cutoff 64 --repetitions 0 "
                + "--max-tokens 4 --out @/out --json");
        assertEquals(36, Files.readAllLines(folder.resolve("out/texts.jsonl")).size());
        Comparison run = ComparisonFile.read(folder.resolve("out/comparison.json"));
        assertTrue(run.circumstances().seconds().containsKey("writing"), run::toString);
        assertEquals(
                folder.resolve("model").toString(),
                TrainingFile.read(folder.resolve("out/adapter")).teacher().model());
    }

    /** Whoever has the files can tell whether they are the ones. */
    private void hashes(Comparison run) {
        Map<String, String> hashes = run.circumstances().hashes();
        assertEquals(
                List.of("dense model", "pruned model", "recovered model", "unseen.txt", "training data", "plan"),
                List.copyOf(hashes.keySet()));
        assertEquals(run.plan().source().sha256(), hashes.get("dense model"));
        assertEquals(6, Set.copyOf(hashes.values()).size());
        assertEquals(Sha256.ofFile(folder.resolve("unseen.txt")), hashes.get("unseen.txt"));
        assertEquals(Sha256.ofFile(folder.resolve("stories.txt")), hashes.get("training data"));
        assertEquals(Sha256.ofFile(folder.resolve("out/pruned/plan.json")), hashes.get("plan"));
    }

    /** What training is for, and what the record says of it. */
    private void better(Comparison run) {
        Comparison.Stage dense = run.stages().get(0);
        Comparison.Stage pruned = run.stages().get(1);
        Comparison.Stage recovered = run.stages().get(2);
        assertEquals((double) run.plan().parameters().after(), value(pruned, PARAMETERS));
        assertTrue(value(pruned, PARAMETERS) <= 0.7 * value(dense, PARAMETERS), pruned::toString);
        assertTrue(value(dense, HELD_OUT_LOSS) < value(recovered, HELD_OUT_LOSS), run::toString);
        assertTrue(value(recovered, HELD_OUT_LOSS) < value(pruned, HELD_OUT_LOSS), run::toString);
        // Training rounds to 16 bits where the processor multiplies them.
        assertEquals(run.training().evalLosses().getFirst().loss(), value(pruned, HELD_OUT_LOSS), 1e-3);
        // Merged weights are rounded to bfloat16.
        assertEquals(run.training().evalLosses().getLast().loss(), value(recovered, HELD_OUT_LOSS), 0.01);
        assertEquals(5, run.training().steps());
        assertTrue(
                run.circumstances().command().startsWith("engine run " + folder.resolve("model") + " --calibration "),
                run.circumstances().command());
        assertTrue(
                run.circumstances().seconds().containsKey("training"),
                run.circumstances().seconds()::toString);
    }

    @Test
    void theTableAndThePageShowIt() throws IOException {
        Files.createDirectories(folder.resolve("tasks/copa"));
        Files.writeString(folder.resolve("tasks/copa/val.jsonl"), """
                {"premise": "It rained.", "choice1": "It got wet.", "choice2": "It got dry.", "question": "effect", "label": 0}
                {"premise": "He fell.", "choice1": "He slept.", "choice2": "He ran.", "question": "cause", "label": 1}
                """);
        List<String> words = new ArrayList<>(List.of((JOB + " --repetitions 0 --data-dir @/tasks --tasks copa")
                .replace("@", folder.toString())
                .split(" ")));
        words.addAll(List.of("--prompt", "Dan", "--prompt", "The fox"));
        String text = Ran.engine(words.toArray(String[]::new)).output();
        List<String> lines = text.lines().toList();
        assertTrue(lines.getFirst().matches("\\s+dense\\s+pruned\\s+recovered"), text);
        assertTrue(lines.get(1).matches("parameters\\s+1,263,232(\\s+\\d{3},\\d{3}\\s+−30\\.\\d %){2}"), text);
        assertFalse(text.contains("tokens/s"), "speed was not asked for");
        assertTrue(text.contains("recovered: Dan") && text.contains("recovered: The fox"), text);
        assertTrue(text.lines().anyMatch(line -> line.matches("COPA, acc( +\\d+\\.\\d % ± \\d+\\.\\d %.*){3}")), text);
        assertTrue(text.contains("average of tasks"), text);
        assertTrue(
                text.lines()
                        .anyMatch(line ->
                                line.matches("KL divergence on unseen.txt +– +0\\.\\d+ ± 0\\.\\d+ +0\\.\\d+.*")),
                text);
        assertTrue(text.contains("same likeliest token on unseen.txt"), text);
        Document page = Pages.parse(Files.readString(folder.resolve("out/report.html")));
        assertEquals(
                List.of(
                        "Zero-shot tasks",
                        "Size and cost",
                        "Measured",
                        "Loss while training",
                        "What each layer keeps",
                        "Importance in each layer",
                        "Texts from each model",
                        "How this was made and measured",
                        "SHA-256 of what this was made of"),
                Pages.text(page, "h2"));
        assertEquals(6, Pages.all(page, "blockquote").size());
        assertTrue(
                Pages.text(page, "dd").contains(Sha256.ofFile(folder.resolve("tasks/copa/val.jsonl"))),
                Pages.text(page, "dd")::toString);
        assertTrue(Files.readString(folder.resolve("out/report.md")).contains("| parameters | 1,263,232 |"));
    }

    /** A source stored otherwise than its pruned version is measured as that is stored. */
    @Test
    void modelsAreComparedInOneType() throws IOException {
        engine(JOB + " --repetitions 0 --dtype f32");
        assertEquals(
                List.of("adapter", "comparison.json", "pruned", "recovered", "report.html", "report.md"),
                TestFiles.names(folder.resolve("out")));
        Comparison run = ComparisonFile.read(folder.resolve("out/comparison.json"));
        run.stages().forEach(stage -> assertEquals(4 * value(stage, PARAMETERS), value(stage, WEIGHTS)));
        assertEquals(
                "measured as the pruned model is stored, f32; as given it is bf16",
                run.circumstances().protocols().get("dense"));
    }

    /** No adapter comes of that. */
    @Test
    void aModelMayBeTrainedWhole() {
        engine(JOB.replace("--lr 3e-3 ", "") + " --repetitions 0 --full");
        assertEquals(
                List.of("comparison.json", "pruned", "recovered", "report.html", "report.md"),
                TestFiles.names(folder.resolve("out")));
        Comparison run = ComparisonFile.read(folder.resolve("out/comparison.json"));
        assertTrue(
                value(run.stages().get(2), HELD_OUT_LOSS) < value(run.stages().get(1), HELD_OUT_LOSS), run::toString);
        hashes(run);
    }

    @Test
    void whatIsWrongIsFoundFirstAndLeavesNothing() {
        List<String> before = TestFiles.names(folder);
        String printed =
                run(JOB.replace("--eval-windows 8", "--eval-seq-len 20000")).failureAfterNotes();
        assertTrue(printed.contains("too few for one window of 20000"), printed);
        printed = run(JOB + " --held-out 40").failureAfterNotes();
        assertTrue(printed.contains("none is left to train on"), printed);
        printed = run(JOB.replace("--lr 3e-3", "--lr 1 --alpha 1e30")).failureAfterNotes();
        assertTrue(printed.contains("(training step "), printed);
        assertEquals(before, TestFiles.names(folder));
    }

    @Test
    void optionsOfTasksWithoutTheirDataAreNamed() {
        for (String option : List.of("--tasks piqa", "--task-limit 3")) {
            String line = run(JOB + " " + option).failure(2);
            assertTrue(line.contains(option.split(" ")[0] + " needs --data-dir"), line);
        }
    }

    @Test
    void anInterruptedRunLeavesNothing() throws Exception {
        List<String> before = TestFiles.names(folder);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(
                (JOB + " --epochs 10000").replace("@", folder.toString()).split(" ")));
        Process child = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader lines = child.errorReader()) {
            // Pruned by now, and in the middle of a training that takes hours.
            assertTrue(lines.lines().anyMatch(line -> line.startsWith("engine: measuring pruned: ")));
            assertTrue(TestFiles.names(folder).size() > before.size(), "nothing was written aside yet");
            child.destroy();
            child.waitFor();
        } finally {
            child.destroyForcibly();
        }
        assertEquals(before, TestFiles.names(folder));
    }

    private static double value(Comparison.Stage stage, StandardMeasure measure) {
        return stage.value(measure).orElseThrow();
    }

    private JsonNode json(String line) throws IOException {
        return new ObjectMapper().readTree(engine(line));
    }

    private JsonNode json(List<String> words) throws IOException {
        return new ObjectMapper()
                .readTree(Ran.engine(words.toArray(String[]::new)).output());
    }

    private String engine(String line) {
        return run(line).output();
    }

    private Ran run(String line) {
        return Ran.engine(line.replace("@", folder.toString()).split(" "));
    }
}
