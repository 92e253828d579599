package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writing safetensors, single and sharded, and reading them back. */
class SafetensorsTest {

    @TempDir
    Path temp;

    @Test
    void writesTheBytesOfTheReferenceWriter() throws IOException {
        Path reference = TestFiles.resource("format/blocks.safetensors");
        Path copy = temp.resolve("copy.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(reference)) {
            assertEquals("pt", file.metadata().get("format"));
            List<TensorEntry> entries = new ArrayList<>(entries(file.tensors().values()));
            Collections.reverse(entries);
            SafetensorsWriter.write(copy, entries);
        }
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(copy));
    }

    @Test
    void holdsScalarsAndEmptyTensors() throws IOException {
        Path file = temp.resolve("odd.safetensors");
        SafetensorsWriter.write(
                file,
                List.of(
                        entry("scalar", DType.I64, Shape.of(), new byte[8]),
                        entry("empty", DType.F32, Shape.of(3, 0), new byte[0]),
                        entry("flag", DType.BOOL, Shape.of(3), new byte[] {1, 0, 1})));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals(Shape.of(), read.tensors().get("scalar").shape());
            assertEquals(Shape.of(3, 0), read.tensors().get("empty").shape());
            assertEquals(1, read.tensors().get("flag").bytes().get(ValueLayout.JAVA_BYTE, 2));
        }
    }

    @Test
    void noticesContentOfAnotherSize() {
        Path file = temp.resolve("short.safetensors");
        assertThrows(
                IllegalStateException.class,
                () -> SafetensorsWriter.write(file, List.of(entry("x", DType.F32, Shape.of(2), new byte[7]))));
    }

    @Test
    void writesShardsThatOpenAsOneModel() throws IOException {
        ObjectNode config = Json.object().put("model_type", "llama");
        List<TensorEntry> tensors = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            byte[] bytes = new byte[48];
            Arrays.fill(bytes, (byte) i);
            tensors.add(entry("t" + i, DType.F32, Shape.of(3, 4), bytes));
        }
        Path out = temp.resolve("model");
        ModelContent content = ModelContent.of(config, tensors).withFile("tokenizer.json", new byte[] {'{', '}'});
        new SafetensorsFolder(100).write(out, content, false);
        assertEquals(
                List.of(
                        "config.json",
                        "model-00001-of-00003.safetensors",
                        "model-00002-of-00003.safetensors",
                        "model-00003-of-00003.safetensors",
                        "model.safetensors.index.json",
                        "tokenizer.json"),
                TestFiles.names(out));
        assertEquals(
                240,
                Json.readObject(out.resolve("model.safetensors.index.json"))
                        .at("/metadata/total_size")
                        .asInt());
        try (Checkpoint model = Checkpoints.open(out)) {
            assertEquals(
                    List.of("t0", "t1", "t2", "t3", "t4"),
                    List.copyOf(model.tensors().keySet()));
            assertEquals(4, model.tensors().get("t4").bytes().get(ValueLayout.JAVA_BYTE, 47));
            assertEquals(240, model.weightBytes());
            assertEquals(3, model.weightFiles().size());
            assertEquals(64, model.sha256().length());
        }
    }

    /** Three gigabytes that take no room: a file with a hole. */
    @Test
    void mapsFilesBeyondTwoGigabytes() throws IOException {
        long first = 3L << 30;
        byte[] json = ("{\"a\":{\"dtype\":\"U8\",\"shape\":[3," + (1L << 30) + "],\"data_offsets\":[0," + first + "]},"
                        + "\"b\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[" + first + "," + (first + 4)
                        + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        Path file = temp.resolve("large.safetensors");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(GgufBuilder.little(8 + json.length)
                    .putLong(json.length)
                    .put(json)
                    .flip());
            channel.write(GgufBuilder.little(4).putInt(77).flip(), 8 + json.length + first);
        }
        try (SafetensorsFile large = SafetensorsFile.open(file)) {
            assertEquals(first, large.tensors().get("a").bytes().byteSize());
            assertEquals(0, large.tensors().get("a").bytes().get(ValueLayout.JAVA_BYTE, first - 1));
            assertEquals(77, large.tensors().get("b").bytes().get(ValueLayout.JAVA_INT_UNALIGNED, 0));
        }
    }

    @Test
    void describesAFolderWithoutWeights() throws IOException {
        Files.writeString(temp.resolve("config.json"), "{\"hidden_size\": 8}");
        assertTrue(assertThrows(Failure.class, () -> Checkpoints.open(temp))
                .getMessage()
                .contains(temp.toString()));
        try (Checkpoint model = Checkpoints.describe(temp)) {
            assertEquals(8, model.config().get("hidden_size").intValue());
            assertTrue(model.tensors().isEmpty());
        }
    }

    static TensorEntry entry(String name, DType type, Shape shape, byte[] bytes) {
        return new TensorEntry(name, type, shape, sink -> sink.write(MemorySegment.ofArray(bytes)));
    }

    private static List<TensorEntry> entries(Iterable<StoredTensor> tensors) {
        List<TensorEntry> entries = new ArrayList<>();
        for (StoredTensor tensor : tensors) {
            entries.add(
                    new TensorEntry(tensor.name(), tensor.type(), tensor.shape(), sink -> sink.write(tensor.bytes())));
        }
        return entries;
    }
}
