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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.backend.cuda.StandIn;
import org.espalier.file.Json;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a card smaller than the model's weights: they say so, and write what they write on a large card. */
@ExtendWith(StandIn.class)
class SmallCardTest {

    private static final long MIB = 1 << 20;
    /** What cuBLAS takes for each queue that computes. */
    private static final long WORKSPACE = 8 * MIB;

    private static final long LARGE = 1L << 30;
    /** Beside cuBLAS, of which weights get a half. */
    private static final long SMALL = 6 * MIB;

    private static final String CALIBRATION = " --calibration @/stories.txt --samples 2 --seq-len 10";
    private static final List<String> TOKENIZER =
            List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json");
    private static final String UNITS = " --units kv_heads,neurons";

    @TempDir
    private Path folder;

    /** Deep and thin, with the demo model's tokenizer. */
    @BeforeEach
    void write() throws IOException {
        StandIn.requireItself();
        Path demo = folder.resolve("demo");
        DemoModel.writeTo(demo);
        Files.writeString(
                demo.resolve("config.json"),
                Json.readObject(demo.resolve("config.json"))
                        .put("hidden_size", 64)
                        .put("num_attention_heads", 4)
                        .put("num_key_value_heads", 2)
                        .put("intermediate_size", 288)
                        .put("num_hidden_layers", 52)
                        .toString());
        Ran.engine(
                        "random",
                        demo.toString(),
                        "--dtype",
                        "f32",
                        "--out",
                        path("model").toString())
                .output();
        for (String file : TOKENIZER) {
            Files.copy(demo.resolve(file), path("model").resolve(file));
        }
        Files.write(path("stories.txt"), DemoModel.stories(1, 6));
    }

    @Test
    void logitsPerplexityAndTextsAreTheSame() throws IOException {
        onBoth(1, "logits @/model --ids 5,9,2,400,17,33 --out @/CARD-logits");
        same("logits");
        List<JsonNode> ppl = onBoth(1, "eval ppl @/model --data @/stories.txt --seq-len 16 --max-windows 3");
        assertEquals(ppl.getFirst().get("results"), ppl.getLast().get("results"));
        List<JsonNode> texts = onBoth(1, "generate @/model --prompt Once --max-tokens 4");
        assertEquals(texts.getFirst().get("ids"), texts.getLast().get("ids"));
    }

    /** Two models on a card that holds neither. */
    @Test
    void distancesAreTheSame() throws IOException {
        Ran.engine(
                        "random",
                        path("model").toString(),
                        "--seed",
                        "7",
                        "--out",
                        path("other").toString())
                .output();
        for (String file : TOKENIZER) {
            Files.copy(path("model").resolve(file), path("other").resolve(file));
        }
        List<JsonNode> distances = onBoth(
                2, "eval divergence @/other --reference @/model --data @/stories.txt --seq-len 16 --max-windows 3");
        assertEquals(distances.getFirst(), distances.getLast());
    }

    @Test
    void aPrunedAndFittedModelIsTheSame() throws IOException {
        List<JsonNode> results =
                onBoth(2, "prune @/model --criterion param_mix --ratio 0.2 --out @/CARD-pruned" + CALIBRATION + UNITS);
        same("pruned/model.safetensors", "pruned/plan.json", "pruned/scores.json");
        assertPeak(results.getLast(), 2);
        onBoth(
                2,
                "compact @/model --plan @/large-pruned/plan.json --compensate lstsq --out @/CARD-again" + CALIBRATION);
        same("again/model.safetensors");
    }

    /** What is left after the first step is opened beside the whole model, on what that leaves. */
    @Test
    void aModelPrunedInStepsIsTheSame() throws IOException {
        onBoth(
                1,
                "prune @/model --criterion param_first --ratio 0.2 --steps 2 --compensate none --out @/CARD-steps"
                        + CALIBRATION + UNITS);
        same("steps/model.safetensors", "steps/plan.json", "steps/scores.json");
    }

    @Test
    void scoresAreTheSame() throws IOException {
        List<JsonNode> results =
                onBoth(1, "score @/model --criterion vectorize --out @/CARD-scores" + CALIBRATION + UNITS);
        same("scores");
        assertPeak(results.getLast(), 1);
        onBoth(
                1,
                "score @/model --criterion l2 --units attention,layers --block-score cosine --out @/CARD-blocks"
                        + CALIBRATION);
        same("blocks");
    }

    @Test
    void anAdapterIsTheSame() throws IOException {
        onBoth(
                2,
                "tune @/model --data @/stories.txt --max-samples 2 --held-out 0 --cutoff 8 --batch-size 1 --rank 1 "
                        + "--epochs 1 --out @/CARD-adapter");
        same("adapter/adapter_model.safetensors");
    }

    /** One line says what was wanted, what is there and what would help. */
    @Test
    void aCardThatNotEvenALayerFitsOnIsAFailure() {
        StandIn.setMemory(WORKSPACE + 200_000);
        Ran ran =
                Ran.engine(("logits " + path("model") + " --ids 5,9,2 --device cuda --out " + path("none")).split(" "));
        assertEquals(
                "engine: the GPU has no 73728 bytes left for a weight F32 [288, 64] (9 MiB in use by 11 buffers, "
                        + "the largest 8 MiB for the workspace of cuBLAS, 73728 bytes for a weight F32 [288, 64], 32768 bytes "
                        + "for 2 times a weight F32 [64, 64]; 65448 bytes of 9 MiB are free): use a shorter --seq-len or prompt, "
                        + "a smaller --micro-batch-size or model, close other programs on the GPU, or use --device cpu",
                ran.failureAfterNotes());
        assertTrue(Files.notExists(path("none")));
    }

    /** Room for layers, but not for what is computed: the operation and its shape are named. */
    @Test
    void aCardThatActivationsDoNotFitOnIsAFailure() {
        StandIn.setMemory(WORKSPACE + 3 * MIB / 2);
        String ids = IntStream.range(0, 500).mapToObj(Integer::toString).collect(Collectors.joining(","));
        Ran ran = Ran.engine(
                "logits",
                path("model").toString(),
                "--ids",
                ids,
                "--device",
                "cuda",
                "--out",
                path("none").toString());
        String failure = ran.failureAfterNotes();
        assertTrue(
                failure.startsWith("engine: the GPU has no 2 MiB left for activations for ids[500] (8 MiB in use by "
                        + "1 buffer, the largest 8 MiB for the workspace of cuBLAS; 1 MiB of 10 MiB are free): "),
                failure);
    }

    /** What the command says on the large card, and on the small one with so many times the memory that cuBLAS takes. */
    private List<JsonNode> onBoth(int queues, String line) throws IOException {
        StandIn.setMemory(LARGE);
        Ran large = run(line, "large");
        assertFalse(large.err().contains("larger than the GPU"), large.err());
        StandIn.setMemory(queues * WORKSPACE + SMALL);
        Ran small = run(line, "small");
        assertTrue(
                small.err()
                        .startsWith("engine: " + path("model") + " "
                                + "is larger than the GPU's memory: of its 15 MB of weights up to "
                                + Math.ceilDiv(((queues - 1) * WORKSPACE + SMALL) / 2, 1_000_000)
                                + " MB are there at once, and layers are read when they are used"
                                + System.lineSeparator()),
                small.err());
        ObjectMapper json = new ObjectMapper();
        return List.of(json.readTree(large.output()), json.readTree(small.output()));
    }

    private Ran run(String line, String card) {
        String words = line.replace("@", folder.toString()).replace("CARD", card) + " --device cuda --json";
        Ran ran = Ran.engine(words.split(" +"));
        ran.output();
        return ran;
    }

    private static void assertPeak(JsonNode result, int queues) {
        long peak = result.get("device_peak_bytes").asLong();
        assertTrue(peak > queues * WORKSPACE && peak <= queues * WORKSPACE + SMALL, result::toString);
    }

    private void same(String... files) throws IOException {
        for (String file : files) {
            assertArrayEquals(
                    Files.readAllBytes(path("large-" + file)), Files.readAllBytes(path("small-" + file)), file);
        }
    }

    private Path path(String name) {
        return folder.resolve(name);
    }
}
