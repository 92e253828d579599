package org.espalier.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.file.Output;
import org.espalier.tensor.DType;

/** A format that models are written in. A new one is a class like this and its line in {@link ModelWriters}. */
public interface ModelWriter {

    /** What an output in this format is, for people, such as {@code a folder for safetensors}. */
    String description();

    /** Whether an output of this name is meant to be in this format. */
    boolean writes(Path out);

    /** Whether the output is a folder, not a single file. */
    boolean isFolder();

    /** Whether numbers can be asked to be stored in a type. */
    boolean stores(DType type);

    /**
     * In which types the tensors of a model are stored.
     *
     * @param requested a type that this {@link #stores}; empty to keep those they have, as far as the format has them
     */
    NumberTypes types(Optional<DType> requested);

    /**
     * Writes the model, tensor after tensor.
     *
     * @param place an existing, empty folder to fill, or a file to create
     */
    void writeInto(Path place, ModelContent model) throws IOException;

    /**
     * Writes the model to {@code out}, which appears whole or not at all.
     *
     * @throws Failure if it exists and {@code force} is not given, or it cannot be written
     */
    default void write(Path out, ModelContent model, boolean force) {
        Output.Writing writing = place -> writeInto(place, model);
        if (isFolder()) {
            Output.writeFolder(out, force, writing);
        } else {
            Output.writeFile(out, force, writing);
        }
    }
}
