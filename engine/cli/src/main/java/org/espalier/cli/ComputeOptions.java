package org.espalier.cli;

import java.nio.file.Path;
import java.util.Locale;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.backend.cuda.Precision;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.error.Failure;
import org.espalier.ffi.OpenBlas;
import org.espalier.model.Weights;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where and how a command computes. */
@Section(Topic.MACHINE)
final class ComputeOptions {

    /** Where a command computes, as far as people choose it. */
    enum Device {
        CPU,
        CUDA,
        AUTO;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** As {@link Precision}, in lower case. */
    enum Rounding {
        FLOAT32(Precision.FLOAT32),
        TF32(Precision.TF32),
        HALF(Precision.HALF);

        private final Precision precision;

        Rounding(Precision precision) {
            this.precision = precision;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Converters.Threads.class,
            description = "Threads that compute (default: one for each processor).")
    private Integer threads;

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "${sys:espalier.device:-${env:ESPALIER_DEVICE:-auto}}",
            description =
                    "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, a GPU if there is one that can be used).")
    private Device device;

    @Option(names = "--require-cuda", description = "Fail where auto would use the CPU.")
    private boolean requireCuda;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "float32",
            description =
                    "On a GPU, how exactly products of matrices see their numbers: ${COMPLETION-CANDIDATES}; half "
                            + "rounds to the weight's 16-bit type (default: ${DEFAULT-VALUE}).")
    private Rounding precision;

    @Option(names = "--portable", description = "Compute the same bytes on any CPU with AVX2.")
    private boolean portable;

    /** The model of this path on the backend asked for; the caller closes both at once. */
    OpenModel model(Path path) {
        return model(path, null);
    }

    /** As above, with the adapter in the folder {@code adapter} unless that is null. */
    OpenModel model(Path path, Path adapter) {
        return model(path, adapter, null);
    }

    /** As above, on the backend of this name unless that is null. */
    OpenModel model(Path path, Path adapter, String backend) {
        OpenModel opened = OpenModel.open(path, adapter, backend == null ? open() : open(backend));
        Weights weights = opened.model().weights();
        if (!weights.resident()) {
            command.commandLine()
                    .getErr()
                    .println(("engine: %s is larger than the GPU's memory: of its %s of weights up to "
                                    + "%s are there at once, and layers are read when they are used")
                            .formatted(path, Machine.size(weights.bytes()), Machine.size(weights.most())));
        }
        return opened;
    }

    /** The backend asked for, which the caller closes. */
    Backend open() {
        if (device == Device.CPU) {
            refuseRequiredCuda("--device cpu");
        }
        return device == Device.CPU ? cpu() : device == Device.CUDA || requireCuda ? cuda() : automatic();
    }

    /** The backend of this name: {@code cpu}, {@code reference} or {@code cuda}. */
    Backend open(String backend) {
        if (!backend.equals("cuda")) {
            refuseRequiredCuda("--backend " + backend);
        }
        return switch (backend) {
            case "reference" -> new ReferenceBackend();
            case "cuda" -> cuda();
            default -> cpu();
        };
    }

    private void refuseRequiredCuda(String choice) {
        if (requireCuda) {
            throw new ParameterException(command.commandLine(), "--require-cuda does not go with " + choice);
        }
    }

    int threads() {
        return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    }

    private Backend cpu() {
        if (portable) {
            System.setProperty(OpenBlas.PORTABLE_PROPERTY, "true");
        }
        OpenBlas.load();
        return new CpuBackend(threads());
    }

    private Backend cuda() {
        return CudaDevices.open(precision.precision);
    }

    /** A GPU that is there but cannot be used is worth a word; a machine without one is not. */
    private Backend automatic() {
        if (!CudaDevices.expected()) {
            return cpu();
        }
        try {
            return cuda();
        } catch (Failure refusal) {
            command.commandLine()
                    .getErr()
                    .println("engine: computing on the CPU, the GPU cannot be used: " + refusal.oneLine());
            return cpu();
        }
    }
}
