package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.espalier.file.Json;
import org.espalier.format.PeftConfig;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.arch.Llama;
import org.espalier.tensor.DType;
import org.espalier.tune.PrunedLlama;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters in PEFT's form, used beside a model and merged into it. */
class MergeCommandTest {

    private static final String IDS =
            IntStream.range(0, 40).mapToObj(i -> Integer.toString(i * 37 % 256)).collect(Collectors.joining(","));

    @TempDir
    private Path folder;

    private Path model;
    private Path adapter;

    @BeforeEach
    void write() throws IOException {
        model = PrunedLlama.writeModel(folder.resolve("model"));
        adapter = PrunedLlama.writeAdapter(Files.createDirectory(folder.resolve("adapter")), PrunedLlama.PEFT);
    }

    /** Recorded with LLM-Pruner's own PEFT. */
    @Test
    void adapterGivesTheRecordedLogits() throws IOException {
        try (SafetensorsFile golden = SafetensorsFile.open(Shared.path("golden/lora/lora.safetensors"))) {
            String ids = Golden.json(Golden.resource("lora/lora.json"))
                    .get("ids")
                    .get(0)
                    .toString()
                    .replaceAll("[\\[\\] ]", "");
            double[] expected = Golden.doubles(golden, "logits_seq0_adapter");
            Golden.assertClose(
                    expected, logits("with", ids, model, "--adapter", adapter.toString()), 1e-4, "with adapter");
            merge("--out", folder.resolve("merged").toString());
            Golden.assertClose(expected, logits("merged", ids, folder.resolve("merged")), 1e-4, "merged");
        }
    }

    @Test
    void mergedModelGivesTheLogitsOfModelAndAdapter() throws IOException {
        double[] without = logits("without", IDS, model);
        double[] with = logits("with", IDS, model, "--adapter", adapter.toString());
        String printed = merge("--out", folder.resolve("merged").toString(), "--json");
        assertTrue(printed.contains("\"merged\":28"), printed);
        double[] merged = logits("merged", IDS, folder.resolve("merged"));
        Golden.assertClose(with, merged, 1e-4, "logits");
        double change = IntStream.range(0, with.length)
                .mapToDouble(i -> Math.abs(with[i] - without[i]))
                .max()
                .orElseThrow();
        assertTrue(change > 0.01, "the adapter changes logits by " + change);
    }

    @Test
    void rankStabilisedScaleIsAlphaByTheRootOfTheRank() throws IOException {
        Path same = PrunedLlama.writeAdapter(
                Files.createDirectory(folder.resolve("stabilised")),
                new PeftConfig(8, 16 / Math.sqrt(8), true, 0, new Llama().adapterTargets(), ""));
        Golden.assertClose(
                logits("plain", IDS, model, "--adapter", adapter.toString()),
                logits("stabilised", IDS, model, "--adapter", same.toString()),
                1e-5,
                "logits");
    }

    @Test
    void mergedWeightsMayBeStoredNarrow() throws IOException {
        merge("--out", folder.resolve("merged").toString(), "--dtype", "bf16");
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("merged/model.safetensors"))) {
            assertTrue(file.tensors().values().stream().allMatch(t -> t.type() == DType.BF16));
        }
    }

    @TestFactory
    Stream<DynamicTest> adaptersThatComputeSomethingElseAreRefused() {
        return Stream.of(
                        "peft_type: \"IA3\"",
                        "use_dora: true",
                        "bias: \"all\"",
                        "rank_pattern: {\"q_proj\": 4}",
                        "alpha_pattern: {\"q_proj\": 4}",
                        "modules_to_save: [\"lm_head\"]",
                        "fan_in_fan_out: true",
                        "r: 4",
                        "r: 0",
                        "lora_alpha: \"NaN\"",
                        "target_parameters: [\"x\"]")
                .map(change -> DynamicTest.dynamicTest(change, () -> {
                    String[] parts = change.split(": ", 2);
                    Path config = adapter.resolve("adapter_config.json");
                    ObjectNode json = Json.readObject(config);
                    json.set(parts[0], new com.fasterxml.jackson.databind.ObjectMapper().readTree(parts[1]));
                    byte[] before = Files.readAllBytes(config);
                    Files.write(config, Json.toBytes(json));
                    refused(model, adapter);
                    Files.write(config, before);
                }));
    }

    @Test
    void adaptersThatDoNotFitAreRefused() throws IOException {
        String printed = refused(Golden.resource("mha"), adapter);
        assertTrue(printed.contains("does not fit"), printed);
        assertTrue(Ran.engine(
                        "logits",
                        Golden.resource("mha").toString(),
                        "--adapter",
                        adapter.toString(),
                        "--ids",
                        "1",
                        "--out",
                        folder.resolve("l").toString())
                .failure(1)
                .contains("has shape"));
        Files.delete(adapter.resolve("adapter_model.safetensors"));
        refused(model, adapter);
        Files.createFile(adapter.resolve("adapter_model.bin"));
        assertTrue(refused(model, adapter).contains("adapter_model.bin"));
        refused(model, folder.resolve("missing"));
    }

    /** Neither merged nor computed with. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void anAdapterWithNumbersThatAreNotFiniteIsRefused(float number) throws IOException {
        overwrite(number);
        assertTrue(refused(model, adapter).contains("numbers that are not finite"));
        String line = "logits " + model + " --adapter " + adapter + " --ids 1 --out " + folder.resolve("l");
        assertTrue(Ran.engine(line.split(" ")).failure(1).contains("numbers that are not finite"));
    }

    /** What overflows only where the two are added. */
    @Test
    void aMergedWeightThatIsNotFiniteIsRefused() throws IOException {
        ObjectNode config = Json.readObject(adapter.resolve("adapter_config.json"));
        Files.write(adapter.resolve("adapter_config.json"), Json.toBytes(config.put("lora_alpha", 8 * 3e38)));
        overwrite(1e38f);
        assertTrue(refused(model, adapter).contains("with the adapter in it"));
    }

    private void overwrite(float number) throws IOException {
        Path weights = adapter.resolve("adapter_model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - Float.BYTES, number);
        Files.write(weights, bytes);
    }

    private String refused(Path base, Path with) {
        Path out = folder.resolve("refused");
        String printed = Ran.engine("merge", base.toString(), with.toString(), "--out", out.toString())
                .failure(1);
        assertEquals(List.of("adapter", "model"), TestFiles.names(folder));
        return printed;
    }

    private String merge(String... options) {
        return Ran.engine(Stream.concat(Stream.of("merge", model.toString(), adapter.toString()), Stream.of(options))
                        .toArray(String[]::new))
                .output();
    }

    private double[] logits(String name, String ids, Path of, String... options) {
        Path out = folder.resolve(name + ".safetensors");
        Ran.engine(Stream.concat(
                                Stream.of("logits", of.toString(), "--ids", ids, "--out", out.toString()),
                                Stream.of(options))
                        .toArray(String[]::new))
                .output();
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            return Golden.doubles(file, "logits");
        }
    }
}
