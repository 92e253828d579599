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
        F32(DType.F32),
        BF16(DType.BF16),
        F16(DType.F16),
        Q8_0(DType.Q8_0),
        Q4_0(DType.Q4_0),
        Q4_1(DType.Q4_1),
        Q6_K(DType.Q6_K),
        /** A mixture, most of it in this type. */
        Q4_K_M(DType.Q4_K);

        private final DType type;

        Type(DType type) {
            this.type = type;
        }

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
            description =
                    "f32, bf16 or f16; for a .gguf file q8_0, q4_0, q4_1, q6_k or q4_k_m, too (default: as stored, "
                            + "quantised weights in a folder as f32, which holds them exactly).")
    private Type type;

    /** The type that was asked for; wrong usage if the output's format does not hold it. */
    Optional<DType> type(OutputOptions output) {
        Optional<DType> asked = Optional.ofNullable(type).map(t -> t.type);
        asked.flatMap(output.model()::typeComplaint).ifPresent(complaint -> {
            throw new ParameterException(command.commandLine(), "--dtype: " + complaint);
        });
        return asked;
    }
}
