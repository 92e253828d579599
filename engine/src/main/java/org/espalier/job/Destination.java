package org.espalier.job;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.error.Failure;
import org.espalier.file.Output;
import org.espalier.file.Replacement;
import org.espalier.format.ModelContent;
import org.espalier.format.ModelWriter;
import org.espalier.format.ModelWriters;
import org.espalier.format.NumberTypes;
import org.espalier.tensor.DType;

/**
 * Where a job writes. What it writes appears there whole or not at all.
 *
 * @param path    of a file or a folder
 * @param replace whether what stands there is replaced
 */
public record Destination(Path path, boolean replace) {

    /** A place where nothing stands yet. */
    public static Destination at(Path path) {
        return new Destination(path, false);
    }

    /**
     * Refuses a place that cannot be written to, before a job works long to write it.
     *
     * @param inputs that the job reads
     * @throws Failure if something stands there that may not be replaced: anything unless that was asked for, an input, and
     *     a folder that holds something which this program does not write
     */
    public void requireFree(Path... inputs) {
        requireFree(List.of(inputs));
    }

    /** As {@link #requireFree(Path...)}. */
    public void requireFree(Collection<Path> inputs) {
        if (replace) {
            requireReplaceable(inputs);
        } else if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new Failure("output exists", path.toString(), "name another place or add --force");
        }
    }

    /** Refuses a place where something stands that may not be replaced even if that was asked for. */
    void requireReplaceable(Collection<Path> inputs) {
        Replacement.requireApart(path, inputs);
        Replacement.requireOwn(path);
    }

    /** Why no model can be written there, if none can; empty if one can. */
    public Optional<String> modelComplaint() {
        return ModelWriters.ALL.of(path).isPresent()
                ? Optional.empty()
                : Optional.of(
                        "--out must name %s, not %s".formatted(ModelWriters.ALL.description(), path.getFileName()));
    }

    /**
     * The format that a model is written in there.
     *
     * @throws Failure if the name is of no such format
     */
    private ModelWriter modelWriter() {
        return ModelWriters.ALL
                .of(path)
                .orElseThrow(() -> new Failure(modelComplaint().orElseThrow(), path.toString(), "name another place"));
    }

    /**
     * Whether a model there is a folder, not a file.
     *
     * @throws Failure if the name is of no format that models are written in
     */
    boolean isFolder() {
        return modelWriter().isFolder();
    }

    /** Why a model that is written as a folder cannot be written there, if it cannot; empty if it can. */
    public Optional<String> folderComplaint() {
        return modelWriter().isFolder()
                ? Optional.empty()
                : Optional.of("--out must name a folder, not %s (engine convert makes files of folders)"
                        .formatted(path.getFileName()));
    }

    /**
     * In which types the format of a model there stores numbers.
     *
     * @param requested the type that is asked for
     * @throws Failure if the name is of no such format, or the format has no such type
     */
    NumberTypes types(Optional<DType> requested) {
        requested.flatMap(this::typeComplaint).ifPresent(complaint -> {
            throw new Failure(complaint, path.toString(), "choose another type or another name");
        });
        return modelWriter().types(requested);
    }

    /** Why numbers of a model there cannot be stored in a type, if they cannot; empty if they can. */
    public Optional<String> typeComplaint(DType type) {
        ModelWriter writer = modelWriter();
        return writer.stores(type)
                ? Optional.empty()
                : Optional.of("%s does not hold %s"
                        .formatted(writer.description(), type.name().toLowerCase(Locale.ROOT)));
    }

    /** Writes a model, and shows how far that is. */
    void writeModel(String name, ModelContent model, Listener listener) {
        writeModel(name, model, listener, _ -> {});
    }

    /**
     * As above.
     *
     * @param looking sees what was written before it is put in its place, which is not done if that fails
     */
    void writeModel(String name, ModelContent model, Listener listener, Consumer<Path> looking) {
        ModelWriter writer = modelWriter();
        Output.Writing writing = place -> {
            try (Progress progress = listener.begin(name, "bytes", model.bytes())) {
                writer.writeInto(place, model.reporting(progress::advance));
            }
            looking.accept(place);
        };
        if (writer.isFolder()) {
            Output.writeFolder(path, replace, writing);
        } else {
            Output.writeFile(path, replace, writing);
        }
    }

    /** Writes a folder, which exists when {@code writing} begins, and puts it in its place. */
    void writeFolder(Output.Writing writing) {
        Output.writeFolder(path, replace, writing);
    }
}
