package org.espalier.bench.gpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.backend.cuda.CudaInspection;
import org.espalier.error.Failure;
import org.espalier.ffi.Cublas;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.CudaVersion;
import org.espalier.ffi.Library;

/** What there is before anything is computed: driver, cards, clocks, libraries, and whether each kernel loads. */
final class Preflight {

    private static final List<String> ASKED = List.of(
            "nvidia-smi",
            "--query-gpu=driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,"
                    + "clocks_throttle_reasons.active",
            "--format=csv,noheader");
    /** Its answer is worth having, not worth waiting for. */
    private static final long PATIENCE_MILLISECONDS = 1500;

    private static final String PART = "preflight";

    private final CheckTable table;

    Preflight(CheckTable table) {
        this.table = table;
    }

    /** The cards, each with a row. */
    void devices(List<CudaDevices.Found> devices) {
        table.add(PART, "driver " + pathOf(CudaDriver.find()), "for CUDA " + CudaVersion.ofDriver());
        for (int ordinal = 0; ordinal < devices.size(); ordinal++) {
            CudaDevices.Found device = devices.get(ordinal);
            String card = "card %d: %s, compute capability %s, %d multiprocessors, %.1f GiB, %.1f free"
                    .formatted(
                            ordinal,
                            device.name(),
                            device.capability(),
                            device.multiprocessors(),
                            gibibytes(device.memory()),
                            gibibytes(device.free()));
            Optional<Failure> refusal = Optional.ofNullable(device.refusal());
            refusal.ifPresentOrElse(
                    r -> table.fail(PART, card, r.oneLine()), () -> table.add(PART, card, "can be used"));
            clocks(ordinal);
        }
        table.add(
                PART,
                "cuBLAS " + pathOf(Cublas.find()),
                String.valueOf(devices.getFirst().cublas()));
    }

    private void clocks(int ordinal) {
        CudaInspection.Clocks clocks = CudaInspection.clocks(ordinal);
        table.add(
                PART,
                "card %d: at most %d and %d MHz (memory), %d bits, %d MiB of second-level cache"
                        .formatted(
                                ordinal,
                                clocks.core() / 1000,
                                clocks.memory() / 1000,
                                clocks.bus(),
                                clocks.cache() >> 20),
                "as the driver says");
    }

    /** Loads every kernel of every fat binary: a row for all that load, and one for each that does not. */
    void kernels(CudaBackend cuda) {
        long start = System.nanoTime();
        int kernels = 0;
        int files = 0;
        for (CudaInspection.Loaded loaded : CudaInspection.load(cuda)) {
            Optional<Failure> refusal = loaded.refusal();
            if (refusal.isPresent()) {
                table.fail(PART, "kernels of " + loaded.file(), refusal.get().oneLine());
            } else {
                kernels += loaded.kernels();
                files++;
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        table.add(PART, "%d kernels of %d files".formatted(kernels, files), "load, in %.2f s".formatted(seconds));
    }

    /** What {@code nvidia-smi} says of clocks and of what holds them back, where it is and answers soon. */
    void clocksNow() {
        String subject = "nvidia-smi: driver, MHz, most, of memory, limit, temperature, throttled by";
        try {
            Process process =
                    new ProcessBuilder(ASKED).redirectErrorStream(true).start();
            process.getOutputStream().close();
            if (!process.waitFor(PATIENCE_MILLISECONDS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                table.add(PART, subject, "no answer in %d ms".formatted(PATIENCE_MILLISECONDS));
                return;
            }
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .forEach(line -> table.add(PART, subject, line));
        } catch (IOException e) {
            table.add(PART, subject, "not found");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where a library that is found by its name lies. */
    private static String pathOf(Library library) {
        if (!(library instanceof Library.Loaded loaded)) {
            return "none";
        }
        if (loaded.name().contains("/")) {
            return loaded.name();
        }
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(stem(loaded.name())))
                    .map(line -> line.substring(line.indexOf('/')))
                    .findFirst()
                    .orElse(loaded.name());
        } catch (IOException e) {
            return loaded.name();
        }
    }

    /** The name without a version, behind a slash: what it links to has a longer one. */
    private static String stem(String name) {
        return "/" + name.replaceFirst("\\.so.*", ".so");
    }

    private static double gibibytes(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
