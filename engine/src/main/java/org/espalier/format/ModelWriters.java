package org.espalier.format;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The formats that models can be written in, and which of them an output's name asks for. */
public final class ModelWriters {

    /** Every format there is; the first that takes a name writes it. */
    public static final ModelWriters ALL = new ModelWriters(List.of(new SafetensorsFolder(), new GgufWriter()));

    private final List<ModelWriter> writers;

    ModelWriters(List<ModelWriter> writers) {
        this.writers = List.copyOf(writers);
    }

    /** The format of an output of this name; empty if no format writes such a thing. */
    public Optional<ModelWriter> of(Path out) {
        return writers.stream().filter(writer -> writer.writes(out)).findFirst();
    }

    /** What outputs there can be, for people. */
    public String description() {
        return writers.stream().map(ModelWriter::description).collect(Collectors.joining(" or "));
    }
}
