package org.espalier.cli;

import java.util.Locale;
import java.util.Optional;
import org.espalier.tensor.DType;
import picocli.CommandLine.Option;

/** How weights are stored in an output. */
final class DtypeOption {

    /** The types that safetensors hold here. */
    private enum Type {
        F32,
        BF16,
        F16;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--dtype",
            paramLabel = "T",
            description = "f32, bf16 or f16 (default: as stored, quantised weights as f32, which holds them exactly).")
    private Type type;

    Optional<DType> type() {
        return Optional.ofNullable(type).map(t -> DType.valueOf(t.name()));
    }
}
