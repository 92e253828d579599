package org.espalier.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.ffi.OpenBlas;
import picocli.CommandLine.Command;

/** {@code engine devices}: what models can run on here. */
@Command(name = "devices", description = "Show what models can run on here.",
        footer = {"", "Examples:", "  engine devices", "  engine devices --json"})
final class DevicesCommand extends EngineCommand {

    @Override
    void run() {
        Map<String, Object> cpu = new LinkedHashMap<>();
        cpu.put("device", "cpu");
        cpu.put("name", Machine.cpu());
        cpu.put("threads", Runtime.getRuntime().availableProcessors());
        cpu.put("features", Machine.features());
        cpu.put("memory_bytes", Machine.memory());
        cpu.put("memory_available_bytes", Machine.memoryAvailable());
        cpu.put("blas", OpenBlas.description());
        List<Map<String, Object>> devices = new ArrayList<>(List.of(cpu));
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("devices", devices);
        print(result, () -> text(cpu));
    }

    private static String text(Map<String, Object> cpu) {
        return new Columns()
                .row("cpu", cpu.get("name"))
                .row("  threads", cpu.get("threads"))
                .row("  vector instructions", String.join(" ", Machine.features()))
                .row("  memory", "%.1f GiB, %.1f GiB free".formatted(gibibytes(Machine.memory()),
                        gibibytes(Machine.memoryAvailable())))
                .row("  matrix products", cpu.get("blas"))
                .toString();
    }

    private static double gibibytes(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
