package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models and adapters as people have them, made after public reports: the right result, or one line that names the reason. */
class FieldFilesTest {

    private static final String HEAD = "lm_head.weight";

    @TempDir
    private Path folder;

    @Test
    void aHeadOfItsOwnIsUsedThoughTheConfigurationSaysTied() throws IOException {
        Path model = field("02-tied-own-head/model");
        Path untied = changed(model, "untied", json -> json.put("tie_word_embeddings", false));
        assertArrayEquals(logits(untied), logits(model));
        assertTrue(Ran.engine("generate", model.toString(), "--prompt", "a", "--max-tokens", "1")
                .err()
                .contains(HEAD));
        Path pruned = folder.resolve("pruned");
        Ran.engine(
                        "prune",
                        model.toString(),
                        "--criterion",
                        "l2",
                        "--keep-first",
                        "0",
                        "--keep-last",
                        "0",
                        "--ratio",
                        "0.05",
                        "--out",
                        pruned.toString())
                .output();
        try (Checkpoint written = Checkpoints.open(pruned)) {
            assertTrue(written.tensors().containsKey(HEAD));
            assertFalse(written.config().get("tie_word_embeddings").booleanValue());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "olora"})
    void anAdapterThatBelongsToChangedWeightsIsRefused(String start) throws IOException {
        String model = field("03-pissa-olora/model").toString();
        String adapter = field("03-pissa-olora/" + start).toString();
        String merged = Refusal.of(folder, Refusal.FAILED, "merge " + model + " " + adapter + " --out @/merged");
        assertTrue(merged.contains("'" + start + "' (init_lora_weights)"), merged);
        assertEquals(
                merged,
                Refusal.of(folder, Refusal.FAILED, "generate " + model + " --adapter " + adapter + " --prompt a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"generate # --adapter & --prompt a", "merge # & --out @/merged"})
    void anAdapterWhoseScaleOverflowsIsRefused(String line) throws IOException {
        String adapter = Shared.path("cases/hostile/peft-alpha-overflow").toString();
        String model = Shared.path("models/stories260K").toString();
        String printed =
                Refusal.of(folder, Refusal.FAILED, line.replace("#", model).replace("&", adapter));
        assertTrue(printed.contains("alpha 1.0E308"), printed);
    }

    @Test
    void aMatrixOfNoProjectionIsRefused() throws IOException {
        String printed = Refusal.of(
                folder,
                Refusal.FAILED,
                "generate " + Shared.path("models/stories260K") + " --prompt a --adapter "
                        + Shared.path("cases/hostile/peft-no-targets"));
        assertTrue(printed.contains("is no matrix of a LoRA adapter"), printed);
    }

    @ParameterizedTest
    @CsvSource({
        "convert,missing --out @/out,weight 'model.",
        "generate,missing --prompt a,weight 'model.",
        "convert,m-00002-of-00002.gguf --out @/out,is part 2 of 2 of a model",
        "generate,m-00002-of-00002.gguf --prompt a,is part 2 of 2 of a model"
    })
    void aPartOfAModelIsRefused(String command, String arguments, String problem) throws IOException {
        String printed =
                Refusal.of(folder, Refusal.FAILED, command + " " + field("07-convert-incomplete") + "/" + arguments);
        assertTrue(printed.contains(problem), printed);
    }

    /** Commands that copy look at every weight before they write, as those that compute do. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatDoesNotFitTheConfigurationIsNotCopied(boolean missing) throws IOException {
        Path whole = Shared.path("models/stories260K");
        Ran.engine("prune", "" + whole, "--criterion", "l2", "--ratio", "0.2", "--out", "" + folder.resolve("pruned"))
                .output();
        Path model = missing
                ? field("07-convert-incomplete/missing")
                : changed(whole, "wider", json -> json.put("intermediate_size", 180));
        String adapter = Shared.path("cases/hostile/peft-alpha-overflow").toString();
        for (String command : List.of(
                "convert # --out @/out",
                "merge # " + adapter + " --out @/out",
                "compact # --plan @/pruned/plan.json --out @/out",
                "prune # --criterion l2 --ratio 0.2 --out @/out")) {
            String line = Refusal.of(folder, Refusal.FAILED, command.replace("#", model.toString()));
            assertTrue(line.contains("weight 'model."), line);
        }
    }

    @Test
    void aWeightThatAnIndexPromisesAndNoFileHasIsNamed() throws IOException {
        Path model = changed(field("07-convert-incomplete/missing"), "promised", json -> {});
        ObjectNode index = Json.object();
        ObjectNode places = index.putObject("weight_map");
        String shard = "model-00001-of-00001.safetensors";
        try (Checkpoint incomplete = Checkpoints.open(model)) {
            incomplete.tensors().keySet().forEach(name -> places.put(name, shard));
        }
        String missing = Refusal.of(folder, Refusal.FAILED, "generate " + model + " --prompt a")
                .split("'")[1];
        places.put(missing, shard);
        Files.move(model.resolve("model.safetensors"), model.resolve(shard));
        Files.write(model.resolve("model.safetensors.index.json"), Json.toBytes(index));
        String printed = Refusal.of(folder, Refusal.FAILED, "generate " + model + " --prompt a");
        assertTrue(printed.contains("the index says that " + shard + " holds tensor '" + missing + "'"), printed);
    }

    @Test
    void partsOfAGgufFileAreOneModel() throws IOException {
        Path parts = field("07-convert-incomplete");
        Path first = parts.resolve("m-00001-of-00002.gguf");
        Path converted = folder.resolve("whole");
        Ran.engine("convert", first.toString(), "--out", converted.toString()).output();
        assertArrayEquals(logits(first), logits(converted));
        Ran.engine("generate", parts(parts).toString(), "--prompt", "a", "--max-tokens", "1")
                .output();
        Path alone = Files.copy(first, folder.resolve(first.getFileName()));
        String printed = Refusal.of(folder, Refusal.FAILED, "generate " + alone + " --prompt a");
        assertTrue(printed.contains("part 2 of 2 of the model is not there"), printed);
    }

    @Test
    void rotationMayStandAmongItsScaling() throws IOException {
        Path model = field("11-rope-theta-in-scaling/model");
        Path usual = changed(
                model,
                "usual",
                json -> json.put("rope_theta", 500000)
                        .withObject("/rope_scaling")
                        .remove("rope_theta"));
        Path other = changed(
                model,
                "other",
                json -> json.put("rope_theta", 10000)
                        .withObject("/rope_scaling")
                        .remove("rope_theta"));
        assertArrayEquals(logits(usual), logits(model));
        assertFalse(Arrays.equals(logits(other), logits(model)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"generate # --prompt a", "convert # --dtype bf16 --out @/out", "info #"})
    void quantisedWeightsAreNamed(String line) throws IOException {
        String printed = Refusal.of(
                folder,
                Refusal.FAILED,
                line.replace("#", field("12-quantised-safetensors/gptq").toString()));
        assertTrue(printed.contains("quantised by 'gptq' (quantization_config)"), printed);
    }

    /** As Hugging Face's classes do; the three hold the same weights. */
    @ParameterizedTest
    @ValueSource(strings = {"index", "no-prefix"})
    void namesThatHuggingFaceReadsAreRead(String form) throws IOException {
        assertArrayEquals(
                logits(field("17-refused-but-hf-opens/only-head")), logits(field("17-refused-but-hf-opens/" + form)));
    }

    @Test
    void whatAConfigurationSaysBesidesIsRefusedOrWarnedOf() throws IOException {
        Path model = Shared.path("models/stories260K");
        Path harmless = changed(
                model,
                "harmless",
                json -> json.put("attention_dropout", 0.1)
                        .put("logits_scaling", false)
                        .put("favourite_colour", "green"));
        Ran ran = Ran.engine("generate", harmless.toString(), "--prompt", "a", "--max-tokens", "1");
        ran.output();
        assertTrue(ran.err().contains("'favourite_colour' is not understood"), ran.err());
        Path scaled = changed(model, "scaled", json -> json.put("logits_scaling", 8.0));
        assertTrue(Refusal.of(folder, Refusal.FAILED, "info " + scaled).contains("'logits_scaling' is not understood"));
        Path rotated = changed(
                model,
                "rotated",
                json -> json.putObject("rope_scaling")
                        .put("rope_type", "linear")
                        .put("factor", 2)
                        .put("mscale", 3));
        assertTrue(Refusal.of(folder, Refusal.FAILED, "info " + rotated).contains("'rope_scaling.mscale'"));
    }

    /** A folder with nothing but the parts of a GGUF file. */
    private Path parts(Path source) throws IOException {
        Path copy = Files.createDirectory(folder.resolve("parts"));
        for (String name : List.of("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")) {
            Files.copy(source.resolve(name), copy.resolve(name));
        }
        return copy;
    }

    /** A copy of a model with another configuration. */
    private Path changed(Path model, String name, Consumer<ObjectNode> change) throws IOException {
        Path copy = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        Path config = copy.resolve("config.json");
        ObjectNode json = Json.readObject(config);
        change.accept(json);
        config.toFile().setWritable(true);
        Files.write(config, Json.toBytes(json));
        return copy;
    }

    private byte[] logits(Path model) throws IOException {
        Path out = folder.resolve("logits.safetensors");
        Ran.engine("logits", model.toString(), "--ids", "1,5,9,5,9,5", "--out", out.toString(), "--force")
                .output();
        return Files.readAllBytes(out);
    }

    private static Path field(String name) {
        return Shared.path("cases/field/" + name);
    }
}
