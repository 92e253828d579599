package org.espalier.cli;

import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.ffi.Failure;
import org.espalier.ffi.OpenBlas;
import picocli.CommandLine.Option;

/** Where and how a command computes. */
final class ComputeOptions {

    /** Where a command computes, as far as people choose it. */
    enum Device {
        CPU, CUDA, AUTO;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    @Option(names = "--threads", paramLabel = "N", converter = Converters.Threads.class,
            description = "Threads that compute (default: one for each processor).")
    private Integer threads;

    @Option(names = "--device", paramLabel = "D", defaultValue = "auto",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--portable", description = "Compute the same bytes on any CPU with AVX2.")
    private boolean portable;

    /** The backend asked for, which the caller closes. */
    Backend open() {
        if (device == Device.CUDA) {
            throw cuda();
        }
        return cpu();
    }

    /** The backend of this name: {@code cpu}, {@code reference} or {@code cuda}. */
    Backend open(String backend) {
        return switch (backend) {
            case "reference" -> new ReferenceBackend();
            case "cuda" -> throw cuda();
            default -> cpu();
        };
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

    private static Failure cuda() {
        return new Failure("models do not run on CUDA devices in this version", "device cuda", "use --device cpu");
    }
}
