package org.espalier.format;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.espalier.file.Json;
import org.espalier.file.Output;

/**
 * Writes safetensors files tensor by tensor, never holding more than a tensor's own source does. The layout is that of the
 * reference writer: types by falling alignment, then names, under {@code {"__metadata__": {"format": "pt"}}}.
 */
public final class SafetensorsWriter {

    private SafetensorsWriter() {}

    /** Writes one new file. Use {@link Output} to have it appear whole. */
    public static void write(Path file, List<TensorEntry> entries) throws IOException {
        List<TensorEntry> sorted = entries.stream()
                .sorted(Comparator.comparingInt((TensorEntry entry) -> SafetensorsType.rank(entry.type()))
                        .thenComparing(entry -> entry.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
                .toList();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            TensorChannel tensors = new TensorChannel(channel);
            tensors.write(header(sorted));
            for (TensorEntry entry : sorted) {
                tensors.write(entry);
            }
        }
    }

    /** Length, JSON, and spaces up to a multiple of eight bytes. */
    private static ByteBuffer header(List<TensorEntry> entries) throws IOException {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonGenerator out = Json.factory().createGenerator(json)) {
            out.writeStartObject();
            out.writeObjectFieldStart("__metadata__");
            out.writeStringField("format", "pt");
            out.writeEndObject();
            long begin = 0;
            for (TensorEntry entry : entries) {
                out.writeObjectFieldStart(entry.name());
                out.writeStringField("dtype", entry.type().name());
                out.writeFieldName("shape");
                out.writeArray(entry.shape().toArray(), 0, entry.shape().rank());
                out.writeFieldName("data_offsets");
                out.writeArray(new long[] {begin, begin + entry.bytes()}, 0, 2);
                out.writeEndObject();
                begin += entry.bytes();
            }
            out.writeEndObject();
        }
        int length = (json.size() + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(json.toByteArray());
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }
}
