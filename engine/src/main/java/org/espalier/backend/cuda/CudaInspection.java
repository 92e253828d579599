package org.espalier.backend.cuda;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.espalier.error.Failure;

/** What can be said of a device and of this build's kernels on it before anything is computed. */
public final class CudaInspection {

    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

    // What the driver's header calls CU_DEVICE_ATTRIBUTE_ and these names.
    private static final int CLOCK_RATE = 13;
    private static final int MEMORY_CLOCK_RATE = 36;
    private static final int MEMORY_BUS_WIDTH = 37;
    private static final int L2_CACHE_SIZE = 38;

    private CudaInspection() {}

    /**
     * The most that a device's clocks reach, and its second-level cache; 0 for what the driver does not say.
     *
     * @param core   kHz of the multiprocessors
     * @param memory kHz of the memory
     * @param bus    bits of the memory's bus
     * @param cache  bytes of the second-level cache
     */
    public record Clocks(int core, int memory, int bus, int cache) {}

    /**
     * The clocks of a device.
     *
     * @param ordinal which one, counted from 0
     * @throws Failure if there is no driver or no such device
     */
    public static Clocks clocks(int ordinal) {
        CudaDevice device = CudaDevice.of(ordinal);
        return new Clocks(
                said(device, CLOCK_RATE),
                said(device, MEMORY_CLOCK_RATE),
                said(device, MEMORY_BUS_WIDTH),
                said(device, L2_CACHE_SIZE));
    }

    /** Newer drivers may not know an attribute any more. */
    private static int said(CudaDevice device, int attribute) {
        try {
            return device.attribute(attribute);
        } catch (Failure unknown) {
            return 0;
        }
    }

    /**
     * A source file whose kernels were loaded, as their first use would.
     *
     * @param file    name of the source file
     * @param kernels that it has
     * @param refusal why the driver does not take them, if it does not
     */
    public record Loaded(String file, int kernels, Optional<Failure> refusal) {}

    /** Loads every kernel of every source file, and unloads them. */
    public static List<Loaded> load(CudaBackend backend) {
        CudaContext context = backend.session().context();
        return KernelFiles.names().stream().map(file -> load(context, file)).toList();
    }

    private static Loaded load(CudaContext context, String file) {
        List<String> kernels = ENTRY.matcher(KernelFiles.ptx(file))
                .results()
                .map(found -> found.group(1))
                .toList();
        try {
            CudaModule module = CudaModule.load(context, file);
            try {
                // Drivers may load a kernel no earlier than it is asked for.
                kernels.forEach(module::kernel);
            } finally {
                module.close();
            }
            return new Loaded(file, kernels.size(), Optional.empty());
        } catch (Failure refused) {
            return new Loaded(file, kernels.size(), Optional.of(refused));
        }
    }
}
