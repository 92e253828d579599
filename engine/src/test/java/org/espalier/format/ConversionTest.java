package org.espalier.format;

import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.file.Json;
import org.espalier.file.MappedFile;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Converted models hold the numbers that the Python package gguf reads from the same file. */
class ConversionTest {

    private static final String Q_0 = "model.layers.0.self_attn.q_proj.weight";
    private static final String K_7 = "model.layers.7.self_attn.k_proj.weight";
    private static final String V_7 = "model.layers.7.self_attn.v_proj.weight";
    private static final String DOWN_29 = "model.layers.29.mlp.down_proj.weight";

    @TempDir
    Path temp;

    /** SHA-256 of the numbers that gguf's dequantize gives, with q and k rows put in order by numpy, cut by numpy. */
    @ParameterizedTest
    @CsvSource({
        "F32, 54b377bbfa2deab945dfdba7fb59e0ca3eb74329358bd1b53b635b3ff37c1a56,"
                + " c0853489b02eee1ed7445c54741bd81797cf0b936e6edd0c57cb4a4ac9ef86ef,"
                + " 8b6862c014dfc739fbe56bfac2c726cc02ed06fb47a5d68c1fe0ffff2bfcb86b,"
                + " c19605745425a11e704e305ce3d27b632c406195d39eb3377e9cfb140ac643d1",
        "BF16, d0ff302d4d83d5be00ed3005dd0a57b703cbe9387bf474d3c66f42bd0b300f30,"
                + " ab644373979bb8c2a02295d547ef69088de97fb3f71beda29f2ccec2bde45474,"
                + " 1dbdad8991d116f6b74388c66e59b244905d443f59e1b1901b9f32d61aa83ae0,"
                + " b351a2d1c5c6084582b59bed0edd6728e821dcb1d77cd733a41d6e4358625f5b",
        "F16, f7570331472462aa7227a73054fd648dadd758c17ee20001441f48114e439a65,"
                + " 9a8b7429b807d05d44c490fcd960e61f719b1c49a4c6db95d664bc8c605d8e26,"
                + " 709af2d127878701bc2fc62e3e4fb4b5e4d98337a3699deb2280941b0402e66c,"
                + " 594f1e7b80f6f1160aede52da66cf462099d472af16d7cad40f22073d666115a"
    })
    void ggufNumbersAreThoseOfGguf(DType type, String q, String k, String v, String down) throws Exception {
        Path out = temp.resolve("out");
        try (Checkpoint source = Checkpoints.open(Shared.path("models/smollm2-135m"))) {
            ModelContent content =
                    Conversion.of(source, Optional.of(type)).withFile("tokenizer.json", new byte[] {'{', '}'});
            AtomicLong written = new AtomicLong();
            new SafetensorsFolder().write(out, content.reporting(written::addAndGet), false);
            assertEquals(content.bytes(), written.get());
        }
        try (Checkpoint converted = Checkpoints.open(out)) {
            assertEquals(272, converted.tensors().size());
            assertEquals(
                    type, converted.tensors().get("model.embed_tokens.weight").type());
            assertEquals(q, sha256(converted, Q_0));
            assertEquals(k, sha256(converted, K_7));
            assertEquals(v, sha256(converted, V_7));
            assertEquals(down, sha256(converted, DOWN_29));
        }
        assertEquals(List.of("config.json", "model.safetensors", "tokenizer.json"), TestFiles.names(out));
        assertTrue(NativeMemory.outstanding().isEmpty());
    }

    /** Copied as they lie the system refuses to read what is gone, converted Java does. */
    @ParameterizedTest
    @CsvSource({"F32", "BF16"})
    void aSourceThatIsShortenedMeanwhileLeavesNothing(DType type) throws Exception {
        Path model = Files.createDirectory(temp.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.write(model.resolve(name), Files.readAllBytes(Shared.path("models/stories260K/" + name)));
        }
        Throwable thrown = assertThrows(Throwable.class, () -> {
            try (Checkpoint source = Checkpoints.open(model)) {
                ModelContent content = Conversion.of(source, Optional.of(type));
                try (FileChannel weights = FileChannel.open(model.resolve("model.safetensors"), WRITE)) {
                    weights.truncate(8192);
                }
                new SafetensorsFolder().write(temp.resolve("out"), content, false);
            }
        });
        assertTrue(MappedFile.shortened(thrown).isPresent(), thrown::toString);
        assertEquals(List.of("model"), TestFiles.names(temp));
    }

    @Test
    void keepsPlainNumbers() throws Exception {
        Path source = folder(1.5f, -2.25f);
        Path out = temp.resolve("out");
        convert(source, out, Optional.empty());
        assertArrayEquals(
                Files.readAllBytes(source.resolve("model.safetensors")),
                Files.readAllBytes(out.resolve("model.safetensors")));
        assertEquals(
                "float32",
                Json.readObject(out.resolve("config.json")).get("torch_dtype").asText());
    }

    @Test
    void convertsToBfloat16AndSaysSoInTheConfiguration() throws Exception {
        Path out = temp.resolve("out");
        convert(folder(1.5f, -2.25f), out, Optional.of(DType.BF16));
        assertEquals(
                "bfloat16",
                Json.readObject(out.resolve("config.json")).get("torch_dtype").asText());
        try (Checkpoint converted = Checkpoints.open(out)) {
            float[] numbers = new float[2];
            Blocks.decode(DType.BF16, converted.tensors().get("x").bytes(), 0, numbers, 0, 2);
            assertArrayEquals(new float[] {1.5f, -2.25f}, numbers);
        }
    }

    @Test
    void refusesANumberThatFloat16CannotHold() throws Exception {
        Path source = folder(1, 70000);
        Path out = temp.resolve("out");
        Failure failure = assertThrows(Failure.class, () -> convert(source, out, Optional.of(DType.F16)));
        assertEquals("the number 70000.0 does not fit float16 (tensor x): convert to bf16 or f32", failure.oneLine());
        assertFalse(Files.exists(out));
        assertEquals(List.of("in"), TestFiles.names(temp));
    }

    private static void convert(Path source, Path out, Optional<DType> type) {
        try (Checkpoint checkpoint = Checkpoints.open(source)) {
            new SafetensorsFolder().write(out, Conversion.of(checkpoint, type), false);
        }
    }

    private Path folder(float... numbers) {
        Path folder = temp.resolve("in");
        byte[] bytes = new byte[4 * numbers.length];
        Blocks.encode(DType.F32, numbers, 0, MemorySegment.ofArray(bytes), 0, numbers.length);
        ModelContent content = ModelContent.of(
                Json.object().put("torch_dtype", "float16"),
                List.of(SafetensorsTest.entry("x", DType.F32, Shape.of(numbers.length), bytes)));
        new SafetensorsFolder().write(folder, content, false);
        return folder;
    }

    private static String sha256(Checkpoint checkpoint, String tensor) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(checkpoint.tensors().get(tensor).bytes().asByteBuffer());
        return HexFormat.of().formatHex(digest.digest());
    }
}
