package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeMap;
import org.espalier.RandomModel;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.GgufFile;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.StoredTensor;
import org.espalier.job.QuantizeSettings.Form;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that are quantised, read again and measured. */
class QuantizeJobTest {

    private static final String Q_PROJ = "model.layers.0.self_attn.q_proj.weight";

    @TempDir
    private Path folder;

    /** {@code hidden} columns, of which 32 are a block. */
    private Path model(int hidden, boolean tied) {
        Path model = folder.resolve("model");
        RandomModel.write(RandomModel.config(hidden, 8, 2, new LayerConfig(4, 2, 64), tied), 3, model);
        return model;
    }

    private QuantizeJob.Result quantize(Path model, Form form, String out) {
        return new QuantizeJob(Engine.silent(), QuantizeSettings.to(form))
                .run(model, Destination.at(folder.resolve(out)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rowsOfCodesTimesTheirScalesAreTheWeights(boolean tied) {
        Path model = model(32, tied);
        QuantizeJob.Result result = quantize(model, Form.INT8_ROW, "int8");
        try (Checkpoint source = Checkpoints.open(model);
                SafetensorsFile written = SafetensorsFile.open(folder.resolve("int8/model.safetensors"))) {
            double error = 0;
            double squares = 0;
            int codes = 0;
            for (StoredTensor tensor : written.tensors().values()) {
                if (tensor.type() == DType.I8) {
                    codes++;
                    StoredTensor scale = written.tensors().get(tensor.name() + "_scale");
                    assertEquals(
                            List.of(tensor.shape().dim(0), 1L),
                            List.of(scale.shape().dim(0), scale.shape().dim(1)));
                    float[] numbers = floats(source.tensors().get(tensor.name()));
                    float[] values = floats(tensor);
                    float[] scales = floats(scale);
                    int columns = tensor.shape().extent(1);
                    for (int i = 0; i < values.length; i++) {
                        float s = scales[i / columns];
                        assertEquals(0, Float.floatToRawIntBits(s) & 0xFFFF, "a scale that bfloat16 does not hold");
                        assertTrue(Math.abs(values[i]) <= 127);
                        double off = (double) s * values[i] - numbers[i];
                        assertTrue(Math.abs(off) <= s / 2 + 1e-7 || Math.abs(values[i]) == 127, tensor.name());
                        error += off * off;
                        squares += (double) numbers[i] * numbers[i];
                    }
                }
            }
            assertEquals(14, codes);
            assertEquals(14, result.weights().tensors());
            assertEquals(Math.sqrt(error / squares), result.weights().error(), 1e-12);
            assertTrue(result.weights().error() < 0.01 && result.weights().error() > 0);
            assertFalse(written.tensors().get("model.embed_tokens.weight").type() == DType.I8);
        }
        assertEquals(
                List.of("lm_head"),
                new ArrayList<>(Json.readObject(folder.resolve("int8/config.json"))
                        .at("/quantization_config/ignore")
                        .valueStream()
                        .map(node -> node.asText())
                        .toList()));
    }

    /** An error there would give a token to another expert. */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen3_moe"})
    void whatChoosesExpertsStays(String family) throws IOException {
        Path model = Shared.path("golden/families/" + family + "/model");
        Path ids = Files.writeString(
                folder.resolve("ids.json"),
                "[" + Arrays.toString(new Random(2).ints(40, 0, 256).toArray()) + "]");
        QuantizeSettings settings = QuantizeSettings.to(Form.INT8_ROW)
                .calibration(CalibrationSettings.defaults().idsFile(ids));
        QuantizeJob.Result result =
                new QuantizeJob(Engine.silent(), settings).run(model, Destination.at(folder.resolve("int8")));
        double divergence = result.measured().orElseThrow().kl().value();
        assertTrue(divergence < 0.05, "divergence " + divergence);
        try (SafetensorsFile written = SafetensorsFile.open(folder.resolve("int8/model.safetensors"))) {
            int routers = 0;
            for (StoredTensor tensor : written.tensors().values()) {
                if (tensor.name().endsWith(".gate.weight")) {
                    assertEquals(DType.F32, tensor.type());
                    routers++;
                } else if (tensor.name().contains(".experts.") && !tensor.name().endsWith("_scale")) {
                    assertEquals(DType.I8, tensor.type());
                }
            }
            assertTrue(routers > 0);
            assertEquals(
                    1 + routers,
                    Json.readObject(folder.resolve("int8/config.json"))
                            .at("/quantization_config/ignore")
                            .size());
        }
    }

    /** As blocks with the row's scale where those are whole, else as float32; either way the same numbers. */
    @ParameterizedTest
    @CsvSource({"32, Q8_0", "40, F32"})
    void rowsAreReadAgain(int hidden, DType type) {
        quantize(model(hidden, false), Form.INT8_ROW, "int8");
        try (SafetensorsFile written = SafetensorsFile.open(folder.resolve("int8/model.safetensors"));
                ModelCheckpoint read = ModelCheckpoint.open(folder.resolve("int8"))) {
            StoredTensor tensor = read.tensors().get(Q_PROJ);
            assertEquals(type, tensor.type());
            assertFalse(read.config().has("quantization_config"));
            float[] codes = floats(written.tensors().get(Q_PROJ));
            float[] scales = floats(written.tensors().get(Q_PROJ + "_scale"));
            float[] expected = new float[codes.length];
            for (int i = 0; i < codes.length; i++) {
                expected[i] = codes[i] * scales[i / hidden];
            }
            assertArrayEquals(expected, floats(tensor));
        }
    }

    @Test
    void whatIsReadCanBeWrittenPlain() {
        quantize(model(32, false), Form.INT8_ROW, "int8");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32))
                .run(folder.resolve("int8"), Destination.at(folder.resolve("plain")));
        try (Checkpoint plain = Checkpoints.open(folder.resolve("plain"));
                Checkpoint read = Checkpoints.open(folder.resolve("int8"))) {
            assertEquals(DType.F32, plain.tensors().get(Q_PROJ).type());
            assertArrayEquals(
                    floats(read.tensors().get(Q_PROJ)), floats(plain.tensors().get(Q_PROJ)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/quantization_config/format, pack-quantized, format 'pack-quantized'",
        "/quantization_config/config_groups/group_0/weights/num_bits, 4, num_bits '4'",
        "/quantization_config/config_groups/group_0/weights/symmetric, false, symmetric 'false'",
        "/quantization_config/config_groups/group_0/weights/strategy, group, strategy 'group'",
        "/quantization_config/config_groups/group_0/weights/type, float, type 'float'",
        "/quantization_config/quant_method, gptq, quantised by 'gptq'"
    })
    void otherFormsAreRefusedByName(String pointer, String value, String said) throws IOException {
        quantize(model(32, false), Form.INT8_ROW, "int8");
        Path file = folder.resolve("int8/config.json");
        ObjectNode json = Json.readObject(file);
        int last = pointer.lastIndexOf('/');
        ((ObjectNode) json.at(pointer.substring(0, last))).put(pointer.substring(last + 1), value);
        Files.write(file, Json.toBytes(json));
        Failure failure = assertThrows(
                Failure.class,
                () -> ModelCheckpoint.open(folder.resolve("int8")).close());
        assertTrue(failure.oneLine().contains(said), failure.oneLine());
    }

    @Test
    void aFileIsNoPlaceForRowsAndAFolderNoneForBlocks() {
        Path model = model(32, true);
        Failure file = assertThrows(Failure.class, () -> quantize(model, Form.INT8_ROW, "out.gguf"));
        assertEquals("--out must name a folder for int8-row, not out.gguf", file.problem());
        Failure blocks = assertThrows(Failure.class, () -> quantize(model, Form.Q8_0, "out"));
        assertEquals("--out must name a .gguf file for q8_0, not out", blocks.problem());
        assertEquals(List.of("model"), TestFiles.names(folder));
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void damagedWeightsAreRefused(Form form) {
        Path model = folder.resolve("model");
        RandomModel.write(RandomModel.config(32, 8, 1, new LayerConfig(4, 2, 64), true), 3, model, (value, numbers) -> {
            if (value.name().endsWith("up_proj.weight")) {
                numbers[40] = Float.NaN;
            }
        });
        Failure failure =
                assertThrows(Failure.class, () -> quantize(model, form, form == Form.INT8_ROW ? "out" : "out.gguf"));
        assertTrue(failure.place().contains("up_proj"), failure.oneLine());
        assertEquals(List.of("model"), TestFiles.names(folder));
    }

    /** The bytes of GGUF's own types are those that convert writes. */
    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_1", "Q6_K", "Q4_K_M"})
    void withoutTextsItIsWhatConvertWrites(Form form) throws IOException {
        Path model = model(64, false);
        quantize(model, form, "quantized.gguf");
        new ConvertJob(Listener.NONE, Optional.of(form.type()))
                .run(model, Destination.at(folder.resolve("converted.gguf")));
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("converted.gguf")),
                Files.readAllBytes(folder.resolve("quantized.gguf")));
    }

    /** llama.cpp's rule: more bits for the first and the last eighth of the layers, and every third between. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mixtureIsLlamaCpps(boolean tied) {
        Path model = folder.resolve("model");
        RandomModel.write(RandomModel.config(256, 64, 8, new LayerConfig(4, 2, 256), tied), 3, model);
        quantize(model, Form.Q4_K_M, "out.gguf");
        try (GgufFile file = GgufFile.open(folder.resolve("out.gguf"))) {
            Map<String, DType> types = new TreeMap<>();
            file.tensors().forEach((name, entry) -> types.put(name, entry.type()));
            for (int layer = 0; layer < 8; layer++) {
                String block = "blk." + layer + ".";
                DType more = List.of(0, 3, 6, 7).contains(layer) ? DType.Q6_K : DType.Q4_K;
                assertEquals(more, types.get(block + "attn_v.weight"), block);
                assertEquals(more, types.get(block + "ffn_down.weight"), block);
                for (String part : List.of("attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up")) {
                    assertEquals(DType.Q4_K, types.get(block + part + ".weight"), block);
                }
                assertEquals(DType.F32, types.get(block + "attn_norm.weight"));
            }
            assertEquals(tied ? DType.Q6_K : DType.Q4_K, types.get("token_embd.weight"));
            assertEquals(tied ? null : DType.Q6_K, types.get("output.weight"));
            assertEquals(15L, file.metadata().get("general.file_type"));
            assertEquals(2L, file.metadata().get("general.quantization_version"));
        }
    }

    @Test
    void whatFallsBackIsNamed() {
        Path model = model(64, true);
        List<String> said = new ArrayList<>();
        Warnings.hear(said::add);
        quantize(model, Form.Q4_K_M, "out.gguf");
        assertTrue(
                said.contains("rows of 64 numbers are not whole blocks of q4_k (blk.*.ffn_down.weight,"
                        + " blk.*.ffn_gate.weight in 2 layers, blk.*.ffn_up.weight in 2 layers, blk.*.attn_k.weight in 2 layers,"
                        + " blk.*.attn_q.weight in 2 layers, blk.*.attn_v.weight): stored as q5_0"),
                said.toString());
        try (GgufFile file = GgufFile.open(folder.resolve("out.gguf"))) {
            assertEquals(DType.Q8_0, file.tensors().get("token_embd.weight").type());
            assertEquals(DType.Q5_0, file.tensors().get("blk.0.attn_q.weight").type());
        }
    }

    /** On the texts that it was calibrated on a model with four bits loses less than without them. */
    @Test
    void textsMakeFourBitsLoseLess() {
        Path model = Shared.path("models/stories260K");
        CalibrationSettings texts = CalibrationSettings.defaults()
                .texts(List.of(new DataFile(Shared.path("data/tinystories/recovery.txt"), OptionalDouble.empty())))
                .samples(24);
        QuantizeJob.Result weighted = new QuantizeJob(
                        Engine.silent(), QuantizeSettings.to(Form.Q4_0).calibration(texts))
                .run(model, Destination.at(folder.resolve("weighted.gguf")));
        quantize(model, Form.Q4_0, "plain.gguf");
        double plain = divergence(model, folder.resolve("plain.gguf"));
        assertTrue(divergence(model, folder.resolve("weighted.gguf")) < plain);
        double measured = weighted.measured().orElseThrow().kl().value();
        assertTrue(measured > 0 && measured < plain, measured + " against " + plain);
    }

    private static double divergence(Path model, Path other) {
        DivergenceSettings settings = DivergenceSettings.on(
                        Shared.path("data/tinystories/validation.txt"), Optional.empty())
                .maxWindows(16);
        return new DivergenceJob(Engine.silent(), settings)
                .run(other, Optional.empty(), model)
                .measured()
                .kl()
                .value();
    }

    @ParameterizedTest
    @EnumSource(names = {"INT8_ROW", "Q4_K_M"})
    void anyNumberOfThreadsWritesTheSame(Form form) throws IOException {
        Path model = model(64, false);
        byte[][] written = new byte[2][];
        for (int threads = 1; threads <= 2; threads++) {
            Path out = folder.resolve("out" + threads + (form == Form.INT8_ROW ? "" : ".gguf"));
            ComputeSettings compute = ComputeSettings.defaults().threads(threads);
            new QuantizeJob(new Engine(compute, Listener.NONE), QuantizeSettings.to(form))
                    .run(model, Destination.at(out));
            written[threads - 1] = Files.readAllBytes(form == Form.INT8_ROW ? out.resolve("model.safetensors") : out);
        }
        assertArrayEquals(written[0], written[1]);
    }

    private static float[] floats(StoredTensor tensor) {
        float[] numbers = new float[Math.toIntExact(tensor.shape().elements())];
        Arrays.fill(numbers, Float.NaN);
        Blocks.decode(tensor.type(), tensor.bytes(), 0, numbers, 0, numbers.length);
        return numbers;
    }
}
