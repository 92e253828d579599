package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.Allocated;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening takes work that grows with the tensors of an index and with its files, not with their product. */
class IndexScalingTest {

    @TempDir
    private Path folder;

    @Test
    void openingIsLinearInTheTensors() throws IOException {
        assertLinear(checkpoint("a", 2000, 4), checkpoint("b", 4000, 4));
    }

    @Test
    void openingIsLinearInTheFiles() throws IOException {
        assertLinear(checkpoint("a", 1000, 20), checkpoint("b", 2000, 40));
    }

    private static void assertLinear(Runnable some, Runnable twice) {
        long less = Allocated.by(some);
        long more = Allocated.by(twice);
        assertTrue(more < 2.6 * less, more + " bytes for twice the tensors of " + less);
    }

    /** Numbers spread evenly over files. */
    private Runnable checkpoint(String name, int tensors, int files) throws IOException {
        Path checkpoint = Files.createDirectories(folder.resolve(name));
        Files.writeString(checkpoint.resolve("config.json"), "{\"model_type\": \"llama\"}");
        ObjectNode index = Json.object();
        ObjectNode map = index.putObject("weight_map");
        for (int f = 0; f < files; f++) {
            String file = "model-%05d-of-%05d.safetensors".formatted(f + 1, files);
            ObjectNode header = Json.object();
            for (int t = 0; t < tensors / files; t++) {
                String tensor = "tensor.%d.%d".formatted(f, t);
                map.put(tensor, file);
                ObjectNode entry = header.putObject(tensor).put("dtype", "BF16");
                entry.putArray("shape").add(1);
                entry.putArray("data_offsets").add(2 * t).add(2 * t + 2);
            }
            byte[] json = Json.toBytes(header);
            Files.write(
                    checkpoint.resolve(file),
                    ByteBuffer.allocate(8 + json.length + 2 * (tensors / files))
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .put(json)
                            .array());
        }
        Files.write(checkpoint.resolve("model.safetensors.index.json"), Json.toBytes(index));
        return () -> {
            try (SafetensorsCheckpoint opened = SafetensorsCheckpoint.open(checkpoint)) {
                assertEquals(tensors, opened.tensors().size());
            }
        };
    }
}
