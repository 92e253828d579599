package org.espalier.job;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.backend.Precision;
import org.espalier.error.Failure;
import org.espalier.ffi.CudaDriver;

/** Where and how jobs compute. */
public final class ComputeSettings extends Settings<ComputeSettings> {

    /** What computes. */
    public enum Device {
        /** The processors. */
        CPU,
        /** A GPU of NVIDIA's. */
        CUDA,
        /** A GPU if there is one that can be used, else the processors. */
        AUTO,
        /** One processor in scalar float64: slow and plainly right. */
        REFERENCE;

        /** The name on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final String DEVICE_PROPERTY = "espalier.device";
    private static final String DEVICE_VARIABLE = "ESPALIER_DEVICE";

    private Device device;
    private boolean cudaRequired;
    private int threads = Runtime.getRuntime().availableProcessors();
    /** Null where nobody chose. */
    private Precision precision;

    private boolean portable;

    private ComputeSettings() {}

    /**
     * The device that the system property {@code espalier.device} or the environment variable {@code ESPALIER_DEVICE} names,
     * else a GPU that can be used, else every processor; float32.
     */
    public static ComputeSettings defaults() {
        return new ComputeSettings();
    }

    /** What computes. */
    public ComputeSettings device(Device device) {
        return with(copy -> copy.device = device);
    }

    /**
     * What computes.
     *
     * @throws Failure if it was not set, and the property or the variable names something else than cpu, cuda or auto
     */
    public Device device() {
        return Optional.ofNullable(device)
                .or(ComputeSettings::named)
                .orElseThrow(() -> new Failure(
                        "'" + name() + "' is no device",
                        DEVICE_PROPERTY + " or " + DEVICE_VARIABLE,
                        "name cpu, cuda or auto"));
    }

    /** The device that the property or the variable names, if it is one. */
    private static Optional<Device> named() {
        return Stream.of(Device.CPU, Device.CUDA, Device.AUTO)
                .filter(known -> known.name().equalsIgnoreCase(name()))
                .findFirst();
    }

    private static String name() {
        return Optional.ofNullable(System.getProperty(DEVICE_PROPERTY))
                .or(() -> Optional.ofNullable(System.getenv(DEVICE_VARIABLE)))
                .orElse(Device.AUTO.name());
    }

    /** Whether to fail where {@link Device#AUTO} would use the processors. */
    public ComputeSettings cudaRequired(boolean required) {
        return with(copy -> copy.cudaRequired = required);
    }

    /** Whether to fail where {@link Device#AUTO} would use the processors. */
    public boolean cudaRequired() {
        return cudaRequired;
    }

    /** Threads that compute on processors, at least 1. */
    public ComputeSettings threads(int threads) {
        atLeast(1, "threads", threads);
        return with(copy -> copy.threads = threads);
    }

    /** Threads that compute on processors. */
    public int threads() {
        return threads;
    }

    /** How exactly products of matrices see their numbers. */
    public ComputeSettings precision(Precision precision) {
        return with(copy -> copy.precision = precision);
    }

    /** How exactly products of matrices see their numbers: as chosen, else float32. */
    public Precision precision() {
        return precisionOr(Precision.FLOAT32);
    }

    /** How exactly products of matrices see their numbers: as chosen, else {@code usual}. */
    Precision precisionOr(Precision usual) {
        return precision == null ? usual : precision;
    }

    /** Whether to compute the same bytes on any processor with AVX2. It holds for the whole process from its first use. */
    public ComputeSettings portable(boolean portable) {
        return with(copy -> copy.portable = portable);
    }

    /** Whether to compute the same bytes on any processor with AVX2. */
    public boolean portable() {
        return portable;
    }

    /** Why these settings do not go together, or the environment chooses what there is not, if that is so. */
    @Override
    public Optional<String> complaint() {
        if (device == null && named().isEmpty()) {
            return Optional.of(
                    "'%s' in %s (or %s) is not cpu, cuda or auto".formatted(name(), DEVICE_VARIABLE, DEVICE_PROPERTY));
        }
        if (precision == Precision.TF32 && device() == Device.CPU) {
            return Optional.of("--precision tf32 is for GPUs: use float32, half or split");
        }
        if (precision == Precision.SPLIT && device() == Device.CUDA) {
            return Optional.of("--precision split is for processors: use float32, tf32 or half");
        }
        if (device() != Device.CPU && device() != Device.REFERENCE) {
            return CudaDriver.graphsComplaint();
        }
        return cudaRequired ? Optional.of("--require-cuda does not go with --device " + device()) : Optional.empty();
    }
}
