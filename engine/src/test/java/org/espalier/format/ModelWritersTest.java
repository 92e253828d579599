package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.espalier.Golden;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every model is written through the formats there are; another one is a class and its line in the list. */
class ModelWritersTest {

    /** A made-up format: one file of all weights, one behind the other. */
    private static final class Concatenation implements ModelWriter {

        @Override
        public String description() {
            return "a .cat file";
        }

        @Override
        public boolean writes(Path out) {
            return out.toString().endsWith(".cat");
        }

        @Override
        public boolean isFolder() {
            return false;
        }

        @Override
        public boolean stores(DType type) {
            return type.plain();
        }

        @Override
        public NumberTypes types(Optional<DType> requested) {
            return Conversion.plain(requested);
        }

        @Override
        public void writeInto(Path file, ModelContent model) throws IOException {
            try (OutputStream out = Files.newOutputStream(file)) {
                for (TensorEntry tensor : model.tensors()) {
                    tensor.content().writeTo(bytes -> out.write(bytes.toArray(ValueLayout.JAVA_BYTE)));
                }
            }
        }
    }

    private static final ModelWriters WITH_ANOTHER =
            new ModelWriters(List.of(new Concatenation(), new SafetensorsFolder()));

    @TempDir
    private Path folder;

    @Test
    void nameOfTheOutputSaysTheFormat() {
        assertEquals(
                Concatenation.class,
                WITH_ANOTHER.of(Path.of("model.cat")).orElseThrow().getClass());
        assertEquals(
                SafetensorsFolder.class,
                WITH_ANOTHER.of(Path.of("model")).orElseThrow().getClass());
        assertEquals("a .cat file or a folder for safetensors", WITH_ANOTHER.description());
        assertEquals(
                GgufWriter.class,
                ModelWriters.ALL.of(Path.of("model.gguf")).orElseThrow().getClass());
        assertEquals("a folder for safetensors or a .gguf file", ModelWriters.ALL.description());
    }

    @Test
    void anotherFormatGetsTheWeightsOfAConversion() throws IOException {
        Path out = folder.resolve("model.cat");
        try (Checkpoint source = Checkpoints.open(Golden.resource("mha"))) {
            ModelContent content = Conversion.of(source, Optional.of(DType.F16));
            AtomicLong written = new AtomicLong();
            WITH_ANOTHER.of(out).orElseThrow().write(out, content.reporting(written::addAndGet), false);
            assertEquals(source.weightBytes() / 2, Files.size(out));
            assertEquals(content.bytes(), written.get());
        }
        assertEquals(List.of("model.cat"), TestFiles.names(folder));
    }

    @Test
    void neitherFileNorFolderIsLeftHalfWritten() {
        for (String name : List.of("model.cat", "model")) {
            Path out = folder.resolve(name);
            ModelContent content = ModelContent.of(
                    Json.object(),
                    List.of(
                            SafetensorsTest.entry("a", DType.F32, Shape.of(1), new byte[4]),
                            new TensorEntry("b", DType.F32, Shape.of(1), sink -> {
                                throw new IOException("the source is gone");
                            })));
            ModelWriter writer = WITH_ANOTHER.of(out).orElseThrow();
            Failure failure = assertThrows(Failure.class, () -> writer.write(out, content, false));
            assertTrue(failure.oneLine().contains("the source is gone"), failure.oneLine());
            assertEquals(List.of(), TestFiles.names(folder));
        }
    }

    @Test
    void existingOutputIsReplacedOnlyByForce() throws IOException {
        Path out = folder.resolve("model.cat");
        ModelContent content = ModelContent.of(
                Json.object(), List.of(SafetensorsTest.entry("a", DType.I8, Shape.of(2), new byte[] {1, 2})));
        Files.writeString(out, "precious");
        assertThrows(Failure.class, () -> new Concatenation().write(out, content, false));
        assertEquals("precious", Files.readString(out));
        new Concatenation().write(out, content, true);
        assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(out));
    }

    @Test
    void configurationSaysTheTypeOfMostNumbersInTheKeyItUses() {
        ObjectNode old = Json.object().put("torch_dtype", "float64");
        ObjectNode now = Json.object().put("dtype", "float64");
        List<TensorEntry> tensors = List.of(
                entry("many", DType.BF16, 100),
                entry("larger in bytes", DType.F32, 60),
                entry("whole numbers", DType.I64, 1000));
        assertEquals(
                "bfloat16",
                ModelContent.of(old, tensors).config().get("torch_dtype").asText());
        assertEquals(
                "bfloat16", ModelContent.of(now, tensors).config().get("dtype").asText());
        assertFalse(ModelContent.of(now, tensors).config().has("torch_dtype"));
        assertEquals(
                "bfloat16",
                ModelContent.of(Json.object(), tensors)
                        .config()
                        .get("torch_dtype")
                        .asText());
        assertEquals("float64", old.get("torch_dtype").asText(), "the source's own configuration was changed");
    }

    private static TensorEntry entry(String name, DType type, int elements) {
        return SafetensorsTest.entry(name, type, Shape.of(elements), new byte[(int) type.bytes(elements)]);
    }
}
