package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.file.Sha256;

/**
 * An opened model on disk: its configuration and its weights, mapped. {@link Checkpoints} opens it; closing it ends the life
 * of every weight.
 */
public interface Checkpoint extends AutoCloseable {

    /** The folder or file that was opened; for a folder holding a {@code .gguf} file, that file. */
    Path path();

    /** The configuration in Hugging Face's form, an object; made from the metadata for GGUF. */
    JsonNode config();

    /** The weights under Hugging Face's names, in a stable order. */
    SequencedMap<String, StoredTensor> tensors();

    /** Weights that an index names and no file has, each with the file that it is said to be in. */
    default Map<String, String> missing() {
        return Map.of();
    }

    /**
     * A GGUF file's metadata. Whole numbers are {@code Long}, the others {@code Float}, {@code Double}, {@code Boolean},
     * {@code String}; arrays are {@code String[]}, primitive arrays by the stored width ({@code int[]} for 32 bits), or
     * {@code Object[]} for arrays of arrays.
     */
    default Optional<Map<String, Object>> ggufMetadata() {
        return Optional.empty();
    }

    /** The files that hold the weights, in order of name; none if only the configuration is there. */
    List<Path> weightFiles();

    /**
     * SHA-256 of the weights, in hexadecimal, read in full at each call: that of the file if there is one, else that of the
     * lines {@code HASH  NAME} that {@code sha256sum} prints for them in order of name.
     */
    default String sha256() {
        return Sha256.ofFiles(weightFiles());
    }

    /** Bytes of all weights as stored. */
    default long weightBytes() {
        return tensors().values().stream()
                .mapToLong(tensor -> tensor.bytes().byteSize())
                .sum();
    }

    @Override
    void close();
}
