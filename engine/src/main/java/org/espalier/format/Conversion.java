package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.tensor.DType;

/** Turns any checkpoint into a folder of safetensors, in bounded memory. */
public final class Conversion {

    /** Told before each tensor how many bytes of how many, as stored in the source, are done. */
    @FunctionalInterface
    public interface Progress {
        void at(String tensor, long doneBytes, long totalBytes);
    }

    private Conversion() {}

    /**
     * Writes {@code source} to the folder {@code out}. Rows that GGUF stores interleaved are put in Hugging Face's order,
     * blocks are decoded. Whole-number tensors keep their type.
     *
     * @param type     F32, BF16 or F16 for all numbers; empty to keep plain types, blocks becoming float32, which holds
     *                 their values exactly
     * @param files    small files to add, such as {@code tokenizer.json} for a GGUF file; a folder's own tokenizer and
     *                 generation files are copied without asking
     * @param force    whether an existing output is replaced
     * @throws Failure if the output exists or cannot be written, or a number does not fit float16
     */
    public static void toSafetensors(
            Checkpoint source,
            Path out,
            Optional<DType> type,
            Map<String, byte[]> files,
            boolean force,
            Progress progress) {
        toSafetensors(source, out, type, files, force, progress, tensor -> null);
    }

    /** As above, where a matrix that {@code edits} has an edit for is changed on its way. */
    static void toSafetensors(
            Checkpoint source,
            Path out,
            Optional<DType> type,
            Map<String, byte[]> files,
            boolean force,
            Progress progress,
            Function<StoredTensor, NumberStream.RowEdit> edits) {
        CheckpointWriter writer = new CheckpointWriter(config(source, type));
        if (source.ggufMetadata().isEmpty()) {
            writer.companionsOf(source.path());
        } else {
            writer.file("generation_config.json", Json.toBytes(generation(source)));
        }
        files.forEach(writer::file);
        long total = source.weightBytes();
        long[] done = {0};
        for (StoredTensor tensor : source.tensors().values()) {
            DType to = target(tensor.type(), type);
            writer.tensor(new SafetensorsWriter.Entry(tensor.name(), to, tensor.shape(), sink -> {
                progress.at(tensor.name(), done[0], total);
                NumberStream.RowEdit edit = edits.apply(tensor);
                if (edit != null) {
                    NumberStream.write(tensor, to, edit, sink);
                } else if (to == tensor.type()) {
                    copy(tensor, sink);
                } else {
                    NumberStream.write(tensor, to, sink);
                }
                done[0] += tensor.bytes().byteSize();
            }));
        }
        writer.write(out, force);
    }

    /** The type that numbers stored so are written in: the one asked for, else their own, else what holds them exactly. */
    public static DType target(DType stored, Optional<DType> asked) {
        if (!stored.floating()) {
            return stored;
        }
        return asked.orElse(stored.plain() ? stored : DType.F32);
    }

    private static void copy(StoredTensor tensor, SafetensorsWriter.Sink sink) throws IOException {
        if (tensor.order().identity()) {
            sink.write(tensor.bytes());
            return;
        }
        for (long row = 0; row < tensor.rows(); row++) {
            sink.write(tensor.bytes().asSlice(tensor.rowOffset(row), tensor.rowBytes()));
        }
    }

    /** The source's configuration, saying the type that most of the numbers now have. */
    private static ObjectNode config(Checkpoint source, Optional<DType> type) {
        ObjectNode config = source.config().deepCopy();
        String name = switch (type.orElseGet(() -> largestType(source))) {
            case F64 -> "float64";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
        if (config.has("dtype")) {
            config.put("dtype", name);
        }
        if (config.has("torch_dtype") || !config.has("dtype")) {
            config.put("torch_dtype", name);
        }
        return config;
    }

    private static DType largestType(Checkpoint source) {
        return source.tensors().values().stream()
                .max((a, b) -> Long.compare(a.bytes().byteSize(), b.bytes().byteSize()))
                .map(tensor -> target(tensor.type(), Optional.empty()))
                .orElse(DType.F32);
    }

    private static ObjectNode generation(Checkpoint source) {
        ObjectNode generation = Json.object();
        generation.put("_from_model_config", true);
        for (String id : new String[] {"bos_token_id", "eos_token_id"}) {
            if (source.config().has(id)) {
                generation.set(id, source.config().get(id));
            }
        }
        return generation;
    }
}
