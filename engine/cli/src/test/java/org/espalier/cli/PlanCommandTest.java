package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.plan.PlanFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code engine plan} and its two ways to look at plans; whole prunings of every mode by the command line. */
class PlanCommandTest {

    private static final String MODEL = Golden.resource("gqa").toString();

    @TempDir
    private Path folder;

    @BeforeEach
    void score() throws IOException {
        Ran.engine("score", MODEL, "--criterion", "l2", "--out", at("scores.json"))
                .output();
        String row = IntStream.range(0, 20)
                .mapToObj(i -> Integer.toString(i * 53 % 256))
                .toList()
                .toString();
        Files.writeString(folder.resolve("ids.json"), "[" + row + ", [5, 4, 3], [250, 1]]");
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private void plan(String name, String... more) {
        Ran.engine(with(more, "plan", MODEL, "--scores", at("scores.json"), "--out", at(name)))
                .output();
    }

    @Test
    void theStepsGiveWhatPruneGives() throws IOException {
        plan("plan.json", "--ratio", "0.15", "--keep-first", "0", "--scope", "global");
        Ran.engine("compact", MODEL, "--plan", at("plan.json"), "--out", at("cut"))
                .output();
        Ran.engine(
                        "prune",
                        MODEL,
                        "--criterion",
                        "l2",
                        "--ratio",
                        "0.15",
                        "--keep-first",
                        "0",
                        "--scope",
                        "global",
                        "--out",
                        at("pruned"))
                .output();
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("pruned/plan.json")),
                Files.readAllBytes(folder.resolve("plan.json")));
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("pruned/model.safetensors")),
                Files.readAllBytes(folder.resolve("cut/model.safetensors")));
    }

    @Test
    void aPlanIsShownInTheTerminalAndDrawn() throws IOException {
        plan("plan.json", "--ratio", "0.3", "--keep-first", "1");
        String text = Ran.engine("plan", "show", at("plan.json")).output();
        assertTrue(
                text.contains("key/value heads")
                        && text.contains("scores of neurons")
                        && text.contains("176")
                        && text.contains("█")
                        && text.contains("░")
                        && text.contains("●"),
                text);
        assertEquals(3 + 4, text.lines().count(), text);
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("plan", "show", at("plan.json"), "--json").output());
        assertEquals(4, json.get("layers").size());
        assertEquals(176, json.at("/layers/0/neurons").asInt());
        assertTrue(json.at("/layers/2/neurons").asInt() < 176);
        for (String picture : new String[] {"plan.svg", "plan.html"}) {
            Ran.engine("plan", "show", at("plan.json"), "--out", at(picture)).output();
            String drawn = Files.readString(folder.resolve(picture));
            assertTrue(drawn.contains("<svg") && drawn.contains("key/value heads") && drawn.contains("2"), drawn);
        }
        assertTrue(Ran.engine("plan", "show", at("plan.json"), "--out", at("plan.png"))
                .failure(2)
                .contains(".svg or .html"));
    }

    @Test
    void groupsStayWholeOrLoseAShareOfTheirOwn() throws IOException {
        plan("usual.json", "--ratio", "0.15", "--round", "1", "--keep-first", "0", "--keep-last", "0");
        plan(
                "kept.json",
                "--ratio",
                "0.15",
                "--round",
                "1",
                "--keep-first",
                "0",
                "--keep-last",
                "0",
                "--keep",
                "layers.2");
        assertTrue(neurons("usual.json", 2) < 176);
        assertEquals(176, neurons("kept.json", 2));
        assertTrue(neurons("kept.json", 1) < neurons("usual.json", 1));

        plan(
                "own.json",
                "--ratio",
                "0.15",
                "--round",
                "1",
                "--ratio",
                "layers.1.mlp=0.5",
                "--ratio",
                "layers.0.*.neurons=0.25");
        assertEquals(88, neurons("own.json", 1));
        assertEquals(132, neurons("own.json", 0), "a group that is named may go though its layer usually stays whole");
        assertTrue(neurons("own.json", 2) > neurons("usual.json", 2));
        for (String name : List.of("usual.json", "kept.json", "own.json")) {
            JsonNode plan = read(name);
            double left = plan.get("parameters_after").asDouble()
                    / plan.get("parameters_before").asDouble();
            assertEquals(0.85, left, 0.002, name);
        }
    }

    @Test
    void whatStaysGoesBeforeWhatIsToGo() throws IOException {
        plan("plan.json", "--ratio", "0.1", "--round", "1", "--ratio", "mlp=0.5", "--keep", "layers.1");
        assertEquals(176, neurons("plan.json", 1));
        assertEquals(88, neurons("plan.json", 2));
    }

    @Test
    void namesThatMeanNothingAreSaid() {
        for (String wrong : List.of(
                "--keep layers.9|no group of the model is called 'layers.9'",
                "--keep layer|no group of the model is called 'layer'",
                "--ratio layers.9=0.5|no group of the model is called 'layers.9'",
                "--ratio layers.1.mlp=0.5 --units kv_heads|of model.layers.1.mlp.neurons nothing may go",
                "--keep layers.1 --uniform|--uniform makes all layers equal: leave out --keep",
                "--ratio mlp=0.5 --uniform|--uniform makes all layers equal: leave out --ratio NAME=R",
                "--ratio mlp=0.5 --dependency off|--ratio NAME=R does not go with --dependency off",
                "--ratio 0.2 --ratio 0.3|--ratio says twice how much of everything goes",
                "--ratio =0.5|'=0.5' names no group",
                "--ratio mlp=1|'1' is not a number from 0, at most 0.95")) {
            String[] parts = wrong.split("\\|");
            Ran ran = Ran.engine(
                    with(parts[0].split(" "), "plan", MODEL, "--scores", at("scores.json"), "--out", at("p.json")));
            String line = ran.failure(parts[1].startsWith("no ") || parts[1].startsWith("of ") ? 1 : 2);
            assertTrue(line.contains(parts[1]), line);
            assertEquals(1, line.lines().count(), line);
        }
    }

    private JsonNode read(String plan) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(plan).toFile());
    }

    private int neurons(String plan, int layer) throws IOException {
        for (JsonNode group : read(plan).get("groups")) {
            if (group.get("name").asText().equals("model.layers." + layer + ".mlp.neurons")) {
                return group.get("kept").size();
            }
        }
        return 176;
    }

    @Test
    void layersThatAreGoneAreShownAsGone() {
        plan(
                "plan.json",
                "--mode",
                "layer",
                "--block-score",
                "position",
                "--keep-first",
                "0",
                "--keep-last",
                "0",
                "--ratio",
                "0.1");
        String last = Ran.engine("plan", "show", at("plan.json"))
                .output()
                .lines()
                .toList()
                .getLast();
        assertTrue(last.contains("0 of 176") && !last.contains("█"), last);
    }

    @Test
    void plansAreCompared() throws IOException {
        plan("a.json", "--ratio", "0.15", "--keep-first", "0");
        plan("b.json", "--ratio", "0.25", "--keep-first", "0");
        assertEquals(
                "both keep the same of every layer" + System.lineSeparator(),
                Ran.engine("plan", "diff", at("a.json"), at("a.json")).output());
        String text = Ran.engine("plan", "diff", at("a.json"), at("b.json")).output();
        assertTrue(text.startsWith("ratio requested: 0.15 and 0.25") && text.contains("only here"), text);
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("plan", "diff", at("a.json"), at("b.json"), "--json")
                        .output());
        assertEquals(0, json.at("/layers/0/neurons/only_second").asInt());
        assertTrue(json.at("/layers/0/neurons/only_first").asInt() > 0);
        assertFalse(json.at("/settings").has("criterion"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--mode channel --criterion param_first",
                "--mode layer",
                "--mode layer --block-score loss",
                "--units query_heads,neurons,attention --scope global",
                "--steps 3 --criterion param_mix",
                "--compensate lstsq --round 8",
                "--compensate bias --units mlp,kv_heads",
                "--dtype bf16 --units layers,neurons",
                "--dependency off",
                "--dependency off --mode channel --criterion param_mix"
            })
    void everyModePrunesAndWhatIsLeftRuns(String options) throws IOException {
        String[] command = with(
                options.split(" "),
                "prune",
                MODEL,
                "--ids-file",
                at("ids.json"),
                "--ratio",
                "0.2",
                "--keep-first",
                "0",
                "--keep-last",
                "0",
                "--out",
                at("pruned"),
                "--json");
        JsonNode json = new ObjectMapper().readTree(Ran.engine(command).output());
        JsonNode info = new ObjectMapper()
                .readTree(Ran.engine("info", at("pruned"), "--json").output());
        assertEquals(
                json.get("parameters_after").asLong(), info.get("parameters").asLong());
        assertEquals(0.2, json.get("ratio").asDouble(), 0.25);
        assertTrue(
                json.get("peak_anonymous_bytes").asLong() > 0
                        && json.get("peak_bytes").asLong() > 0,
                json.toString());
        Ran.engine("logits", at("pruned"), "--ids", "1,2,3", "--out", at("logits.safetensors"))
                .output();
        Ran.engine("plan", "show", at("pruned/plan.json")).output();
        try (var left = Files.list(folder)) {
            assertTrue(
                    left.noneMatch(p -> p.getFileName().toString().startsWith(".")), "something is left of the steps");
        }
    }

    @Test
    void matricesThatChooseByThemselvesAreComparedOneByOne() throws IOException {
        for (String criterion : List.of("l1", "l2")) {
            Ran.engine(
                            "prune",
                            MODEL,
                            "--criterion",
                            criterion,
                            "--ratio",
                            "0.15",
                            "--keep-first",
                            "1",
                            "--dependency",
                            "off",
                            "--out",
                            at(criterion))
                    .output();
        }
        String text = Ran.engine("plan", "diff", at("l1/plan.json"), at("l2/plan.json"))
                .output();
        assertTrue(text.lines().anyMatch(line -> line.matches("\\d+ of \\d+ matrices keep other units")), text);
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("plan", "diff", at("l1/plan.json"), at("l2/plan.json"), "--json")
                        .output());
        long others = json.get("matrices")
                .valueStream()
                .filter(m -> m.at("/kept/only_first").asInt() > 0)
                .count();
        assertTrue(text.contains(others + " of " + json.get("matrices").size() + " matrices"), text);
        plan("plan.json", "--ratio", "0.15", "--keep-first", "1");
        assertTrue(Ran.engine("plan", "diff", at("plan.json"), at("l2/plan.json"))
                .output()
                .contains("dependency: on and off"));
        Ran.engine("prune", MODEL, "--criterion", "l2", "--ratio", "0.5", "--mode", "channel", "--out", at("channels"))
                .output();
        assertTrue(Ran.engine("plan", "diff", at("plan.json"), at("channels/plan.json"))
                .output()
                .contains("kept channels: all and 32"));
    }

    /** By position needs no text, whatever units would be scored by; the plan says what layers were chosen by. */
    @Test
    void layersGoByPositionWithoutCalibration() {
        String[] layers = {"--mode", "layer", "--block-score", "position", "--keep-first", "0", "--keep-last", "0"};
        Ran.engine(with(layers, "prune", MODEL, "--out", at("pruned"))).output();
        assertEquals(
                "position",
                PlanFile.read(folder.resolve("pruned/plan.json")).choice().criterion());
        Ran.engine("score", MODEL, "--units", "layers", "--block-score", "position", "--out", at("layers.json"))
                .output();
        Ran.engine(with(layers, "plan", MODEL, "--scores", at("layers.json"), "--out", at("plan.json")))
                .output();
        assertEquals(
                "both keep the same of every layer" + System.lineSeparator(),
                Ran.engine("plan", "diff", at("pruned/plan.json"), at("plan.json"))
                        .output());
    }

    private static String[] with(String[] more, String... command) {
        return Stream.of(command, more).flatMap(Stream::of).toArray(String[]::new);
    }

    @Test
    void whatDoesNotFitIsExplained() throws IOException {
        plan("plan.json");
        Ran.engine("prune", MODEL, "--criterion", "l2", "--ratio", "0.2", "--keep-first", "0", "--out", at("other"))
                .output();
        assertTrue(Ran.engine("plan", at("other"), "--scores", at("scores.json"), "--out", at("x"))
                .failure(1)
                .contains("other weights"));
        assertTrue(Ran.engine("plan", MODEL, "--scores", at("scores.json"), "--mode", "channel", "--out", at("x"))
                .failure(1)
                .contains("no scores of channels"));
        assertTrue(Ran.engine("plan", MODEL, "--scores", at("scores.json"), "--mode", "layer", "--out", at("x"))
                .failure(1)
                .contains("no scores of layers"));
        assertTrue(Ran.engine("plan", MODEL, "--scores", at("scores.json"))
                .failure(2)
                .contains("--out"));
        assertTrue(Ran.engine(
                        "plan",
                        MODEL,
                        "--scores",
                        at("scores.json"),
                        "--ratio",
                        "0.05",
                        "--ratio-of",
                        "units",
                        "--units",
                        "kv_heads",
                        "--out",
                        at("x"))
                .failure(1)
                .contains("rounds to no unit"));
        assertTrue(Ran.engine("plan", MODEL, "--scores", at("scores.json"), "--mlp-layers", "2-4", "--out", at("x"))
                .failure(1)
                .contains("the model has layers 0 to 3 (--mlp-layers 2-4)"));
        assertTrue(Ran.engine(
                        "plan",
                        MODEL,
                        "--scores",
                        at("scores.json"),
                        "--mode",
                        "channel",
                        "--keep-last",
                        "1",
                        "--out",
                        at("x"))
                .failure(2)
                .contains("channels run through every layer"));
        assertTrue(Ran.engine("plan", MODEL, "--scores", at("scores.json"), "--round", "256", "--out", at("x"))
                .failure(1)
                .contains("use a smaller ratio or round width"));
        assertFalse(Files.exists(folder.resolve("x")));
    }
}
