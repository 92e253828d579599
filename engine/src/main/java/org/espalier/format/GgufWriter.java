package org.espalier.format;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.tensor.DType;

/**
 * Writes a model as one GGUF file (version 3), with its tokenizer, as llama.cpp reads it: the header, then the tensors, each at a
 * multiple of 32 bytes.
 */
public final class GgufWriter implements ModelWriter {

    static final int ALIGNMENT = 32;

    private static final int VERSION = 3;
    /** Of the layout of blocks. */
    private static final int QUANTIZATION_VERSION = 2;

    @Override
    public String description() {
        return "a .gguf file";
    }

    @Override
    public boolean writes(Path out) {
        return out.toString().endsWith(GgufFile.SUFFIX);
    }

    @Override
    public boolean isFolder() {
        return false;
    }

    @Override
    public boolean stores(DType type) {
        return GgufTypes.WRITABLE.contains(type);
    }

    @Override
    public NumberTypes types(Optional<DType> requested) {
        return new GgufTypes(requested);
    }

    @Override
    public void writeInto(Path file, ModelContent model) throws IOException {
        GgufContent content = GgufFamilies.write(model);
        List<GgufContent.Tensor> all = model.quantization()
                .map(quantization -> GgufMixture.of(content, quantization))
                .orElse(content.tensors());
        SequencedMap<String, Object> metadata = new LinkedHashMap<>(content.metadata());
        putTypes(metadata, model.quantization().map(Quantization::type), all);
        GgufVocabulary.sized(model.gguf().get(), content.vocabulary()).forEach(metadata::putIfAbsent);
        metadata.putIfAbsent(GgufVocabulary.KIND, GgufVocabulary.NO_KIND);
        write(file, metadata, all);
    }

    /**
     * Refuses a model that no file can hold; nothing is written.
     *
     * @throws org.espalier.error.Failure if GGUF has no such models, or no way to say what this one is
     */
    public static void requireWritable(ModelContent model) {
        GgufFamilies.write(model);
    }

    /** Writes what a file says and holds; the file must not exist. */
    static void write(Path file, SequencedMap<String, Object> metadata, List<GgufContent.Tensor> all)
            throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            TensorChannel tensors = new TensorChannel(channel);
            tensors.write(header(metadata, all).toBytes());
            for (GgufContent.Tensor tensor : all) {
                tensors.pad(ALIGNMENT);
                tensors.write(GgufRows.inFileOrder(tensor));
            }
            tensors.pad(ALIGNMENT);
        }
    }

    /** The type that was asked for, or in which most of the numbers are, by llama.cpp's number for files of that kind. */
    private static void putTypes(
            SequencedMap<String, Object> metadata, Optional<DType> asked, List<GgufContent.Tensor> tensors) {
        DType most = asked.or(() -> ModelContent.mostUsed(
                        tensors.stream().map(GgufContent.Tensor::entry).toList()))
                .orElse(DType.F32);
        metadata.put("general.file_type", GgufType.fileType(most));
        if (!most.plain()) {
            metadata.put("general.quantization_version", QUANTIZATION_VERSION);
        }
    }

    private static GgufHeader header(Map<String, Object> metadata, List<GgufContent.Tensor> tensors) {
        GgufHeader header = new GgufHeader()
                .int32(GgufFile.MAGIC)
                .int32(VERSION)
                .int64(tensors.size())
                .int64(metadata.size());
        metadata.forEach(header::entry);
        long offset = 0;
        for (GgufContent.Tensor tensor : tensors) {
            TensorEntry entry = tensor.entry();
            header.tensor(tensor.name(), entry.shape(), GgufType.number(entry.type()), offset);
            offset = (offset + entry.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        return header;
    }
}
