package org.espalier.cli;

import java.util.Locale;
import java.util.Optional;
import org.espalier.tensor.DType;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How weights are stored in an output of any format. */
final class StorageOption {

    /** The types that some format holds. */
    private enum Type {
        F32,
        BF16,
        F16,
        Q8_0,
        Q4_0,
        Q4_1;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--dtype",
            paramLabel = "T",
            description = "f32, bf16 or f16; for a .gguf file q8_0, q4_0 or q4_1, too (default: as stored, quantised "
                    + "weights in a folder as f32, which holds them exactly).")
    private Type type;

    /** The type that was asked for; wrong usage if the output's format does not hold it. */
    Optional<DType> type(OutputOptions output) {
        Optional<DType> asked = Optional.ofNullable(type).map(t -> DType.valueOf(t.name()));
        asked.flatMap(output.model()::typeComplaint).ifPresent(complaint -> {
            throw new ParameterException(command.commandLine(), "--dtype: " + complaint);
        });
        return asked;
    }
}
