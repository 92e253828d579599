package org.espalier.job;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.espalier.file.Output;
import org.espalier.format.Checkpoint;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.model.ModelCheckpoint;
import org.espalier.tensor.DType;
import org.espalier.text.TokenizerFiles;

/**
 * A model as its pruned version will be stored. Where the types differ, as for GGUF blocks that cannot be cut, it is a copy
 * that lasts until this is closed: only so can the two be compared. Else it is the model itself.
 */
final class DenseCopy implements AutoCloseable {

    private static final String NAME = "dense";

    private final Path path;
    private final Output copy;
    private final String note;

    private DenseCopy(Path path, Output copy, String note) {
        this.path = path;
        this.copy = copy;
        this.note = note;
    }

    /**
     * Makes the copy if there is need.
     *
     * @param type   that the pruned version is asked to be stored in
     * @param folder in which it may lie meanwhile
     */
    static DenseCopy of(Path model, Optional<DType> type, Path folder, Listener listener) {
        try (Checkpoint source = ModelCheckpoint.open(model)) {
            Set<DType> stored = new TreeSet<>();
            source.tensors().values().stream()
                    .map(t -> t.type())
                    .filter(DType::floating)
                    .forEach(stored::add);
            Set<DType> wanted = new TreeSet<>();
            stored.forEach(t -> wanted.add(Conversion.target(t, type)));
            if (stored.equals(wanted)) {
                return new DenseCopy(model, null, null);
            }
            Output copy = Output.folder(folder.resolve(NAME), false);
            try {
                write(source, model, copy.path().resolve(NAME), type, listener);
                return new DenseCopy(
                        copy.path().resolve(NAME),
                        copy,
                        "measured as the pruned model is stored, " + names(wanted) + "; as given it is "
                                + names(stored));
            } catch (RuntimeException | Error e) {
                copy.close();
                throw e;
            }
        }
    }

    private static void write(Checkpoint source, Path model, Path out, Optional<DType> type, Listener listener) {
        ModelContent content = Conversion.of(source, type).withFiles(TokenizerFiles.of(model, source));
        try (Progress progress = listener.begin("convert", "bytes", content.bytes())) {
            new SafetensorsFolder().write(out, content.reporting(progress::advance), false);
        }
    }

    private static String names(Set<DType> types) {
        return String.join(
                ", ", types.stream().map(t -> t.name().toLowerCase(Locale.ROOT)).toList());
    }

    /** Where the model to measure lies. */
    Path path() {
        return path;
    }

    /** What readers of the numbers should know, if it is a copy. */
    Optional<String> note() {
        return Optional.ofNullable(note);
    }

    @Override
    public void close() {
        if (copy != null) {
            copy.close();
        }
    }
}
