package org.espalier.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.error.Failure;
import org.espalier.ffi.Cublas;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.CudaVersion;
import org.espalier.ffi.Library;
import org.espalier.ffi.OneDnn;
import org.espalier.ffi.OpenBlas;
import org.espalier.job.Machine;
import picocli.CommandLine.Command;

/** {@code engine devices}: what models can run on here, and why not on more. */
@Command(
        name = "devices",
        description = "Show what models can run on here.",
        footer = {"", "Examples:", "  engine devices", "  engine devices --json"})
final class DevicesCommand extends EngineCommand {

    @Override
    void run() {
        List<Map<String, Object>> devices = new ArrayList<>();
        devices.add(cpu());
        String noCuda = addCuda(devices);
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("devices", devices);
        if (noCuda != null) {
            result.put("no_cuda", noCuda);
        }
        print(result, () -> text(devices, noCuda));
    }

    private static Map<String, Object> cpu() {
        Map<String, Object> cpu = new LinkedHashMap<>();
        cpu.put("device", "cpu");
        cpu.put("name", Machine.cpu());
        cpu.put("threads", Runtime.getRuntime().availableProcessors());
        cpu.put("features", Machine.features());
        cpu.put("memory_bytes", Machine.memory());
        cpu.put("memory_available_bytes", Machine.memoryAvailable());
        cpu.put("blas", OpenBlas.description());
        cpu.put("bfloat16_products", bfloat16Products());
        return cpu;
    }

    /** What multiplies bfloat16 numbers, or why nothing does in the processor's own instructions. */
    private static String bfloat16Products() {
        return switch (OneDnn.state()) {
            case OneDnn.State.Usable usable -> usable.description();
            case OneDnn.State.Unusable unusable -> "none in the processor's instructions: " + unusable.reason();
        };
    }

    /** Adds every CUDA device; returns why there is none, or null. */
    private static String addCuda(List<Map<String, Object>> devices) {
        try {
            CudaDevices.all().forEach(found -> devices.add(cuda(found)));
            return null;
        } catch (Failure none) {
            return none.oneLine();
        }
    }

    private static Map<String, Object> cuda(CudaDevices.Found found) {
        Map<String, Object> cuda = new LinkedHashMap<>();
        cuda.put("device", "cuda");
        cuda.put("name", found.name());
        cuda.put("compute_capability", found.capability());
        cuda.put("multiprocessors", found.multiprocessors());
        cuda.put("memory_bytes", found.memory());
        cuda.put("driver", driver());
        cuda.put("usable", found.refusal() == null);
        if (found.refusal() == null) {
            cuda.put("memory_available_bytes", found.free());
            cuda.put("blas", cublas(found));
        } else {
            cuda.put("reason", found.refusal().oneLine());
        }
        return cuda;
    }

    private static String driver() {
        return "CUDA %s (%s)".formatted(CudaVersion.ofDriver(), nameOf(CudaDriver.find()));
    }

    private static String cublas(CudaDevices.Found found) {
        return "cuBLAS %s (%s)".formatted(found.cublas(), nameOf(Cublas.find()));
    }

    private static String nameOf(Library library) {
        return library instanceof Library.Loaded loaded ? loaded.name() : "none";
    }

    private static String text(List<Map<String, Object>> devices, String noCuda) {
        Columns columns = new Columns();
        Map<String, Object> cpu = devices.getFirst();
        columns.row("cpu", cpu.get("name"))
                .row("  threads", cpu.get("threads"))
                .row("  vector instructions", String.join(" ", Machine.features()))
                .row(
                        "  memory",
                        "%.1f GiB, %.1f GiB free"
                                .formatted(
                                        gibibytes(cpu.get("memory_bytes")),
                                        gibibytes(cpu.get("memory_available_bytes"))))
                .row("  matrix products", cpu.get("blas"))
                .row("  bfloat16 products", cpu.get("bfloat16_products"));
        devices.stream().skip(1).forEach(cuda -> addRows(columns, cuda));
        if (noCuda != null) {
            columns.row("cuda", "none: " + noCuda);
        }
        return columns.toString();
    }

    private static void addRows(Columns columns, Map<String, Object> cuda) {
        boolean usable = (boolean) cuda.get("usable");
        columns.row("cuda", cuda.get("name"))
                .row(
                        "  compute capability",
                        "%s, %s multiprocessors".formatted(cuda.get("compute_capability"), cuda.get("multiprocessors")))
                .row("  driver", cuda.get("driver"));
        if (usable) {
            columns.row(
                            "  memory",
                            "%.1f GiB, %.1f GiB free"
                                    .formatted(
                                            gibibytes(cuda.get("memory_bytes")),
                                            gibibytes(cuda.get("memory_available_bytes"))))
                    .row("  matrix products", cuda.get("blas"));
        } else {
            columns.row("  cannot be used", cuda.get("reason"));
        }
    }

    private static double gibibytes(Object bytes) {
        return (long) bytes / (double) (1L << 30);
    }
}
