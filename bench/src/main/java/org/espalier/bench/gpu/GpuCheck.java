package org.espalier.bench.gpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.ModelCases;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.error.Failure;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.Library;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tools/gpu-check}: whether the cuda backend is right on this GPU, and how fast. */
@Command(
        name = "gpu-check",
        sortOptions = false,
        description = "Check the CUDA backend on this machine's GPU, and measure "
                + "it: a row for each thing that is tried, as it comes, the most telling first, then a summary. "
                + "Exit status: 0 all is well, 1 something is not, or there is no GPU.")
public final class GpuCheck implements Callable<Integer> {

    /** What is tried, in this order. */
    enum Part {
        /** Driver, cards, clocks, libraries; whether every kernel loads. */
        PREFLIGHT,
        /** What the device can do at best. */
        LIMITS,
        /** Every kernel once, at odd sizes. */
        KERNELS,
        /** Every operation at the sizes of models: compared, then timed. */
        LABORATORY,
        /** A synthetic 7B made in memory. */
        SYNTHETIC,
        /** The backend's tests. */
        SUITE,
        /** Models of files. */
        MODELS,
        /** NVIDIA's compute-sanitizer over every kernel. */
        SANITIZER
    }

    /** A check of fewer minutes than this measures each thing for a shorter time. */
    private static final double HURRIED = 10;
    // Shares of the time that is left when a part begins.
    private static final double KERNELS_SHARE = 0.2;
    private static final double LABORATORY_SHARE = 0.4;
    private static final double SYNTHETIC_SHARE = 0.6;
    private static final double FLOAT32_SHARE = 0.4;

    private static final List<String> TESTS = List.of(
            "org.espalier.backend.cuda.CudaConformanceTest",
            "org.espalier.backend.cuda.CudaBackendTest",
            "org.espalier.backend.cuda.CudaMemoryTest",
            "org.espalier.backend.cuda.CudaLinearTest",
            "org.espalier.backend.cuda.CudaCompactTest",
            "org.espalier.backend.cuda.CudaRepeatTest",
            "org.espalier.backend.cuda.GraphDecodeTest",
            "org.espalier.model.GoldenFiguresTest",
            "org.espalier.model.LossInPiecesTest",
            "org.espalier.model.SampledTextTest",
            "org.espalier.tune.LoraGoldenTest",
            "org.espalier.job.SameSelectionTest",
            "org.espalier.cli.DevicePipelineTest");

    @Spec
    private CommandLine.Model.CommandSpec command;

    @Parameters(paramLabel = "MODEL", arity = "0..*", description = "Models to measure (default: the built-in one).")
    private List<Path> models = List.of();

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "P,P",
            description = "Of ${COMPLETION-CANDIDATES}; default: all.")
    private Set<Part> parts = EnumSet.allOf(Part.class);

    @Option(
            names = "--text",
            defaultValue = "",
            paramLabel = "T",
            description = "Of the laboratory's cases, only those with this text.")
    private String text;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "Begin nothing after so many minutes; what was left out is said. Default: no limit.")
    private double minutes = Double.POSITIVE_INFINITY;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Append every row to this file as it comes, and as JSON to FILE.jsonl.")
    private Path out;

    @Option(names = "--quick", description = "Small sizes and short measurements, to see that everything works.")
    private boolean quick;

    @Option(names = "--once", hidden = true, description = "Run every kernel once, under the sanitizer.")
    private boolean once;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private final long start = System.nanoTime();
    private Optional<CheckFiles> files = Optional.empty();
    private final CheckTable table = new CheckTable(this::heard);
    private Deadline deadline;
    private Limits limits;

    /** Ends the process with the status that {@code --help} describes. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new GpuCheck())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    line.getErr().println("gpu-check: " + (e instanceof Failure f ? f.oneLine() : e.toString()));
                    return 1;
                });
    }

    @Override
    public Integer call() {
        if (!(minutes > 0)) {
            throw new CommandLine.ParameterException(
                    command.commandLine(), "--minutes " + minutes + ": give a number above 0");
        }
        deadline = Deadline.in(60 * minutes);
        List<CudaDevices.Found> devices = devices();
        if (once) {
            everyKernelOnce();
            return 0;
        }
        files = Optional.ofNullable(out).map(CheckFiles::new);
        tell(CheckRow.head());
        try (CheckDevice device = new CheckDevice()) {
            for (Part part : EnumSet.allOf(Part.class)) {
                if (parts.contains(part)) {
                    guarded(part, device, devices);
                }
            }
        } catch (Failure e) {
            // A fault that ends the context shows again where the device is given back; what was found is still told.
            table.fail("device", "giving it back", e.oneLine());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Summary.of(table.rows(), seconds).forEach(this::tell);
        files.ifPresent(f -> f.note(Map.of(
                "part", "summary", "rows", table.rows().size(), "failed", table.failures(), "seconds", seconds)));
        return table.failures() == 0 ? 0 : 1;
    }

    /** All devices; the first is the one that is checked, as the backend's tests have it. */
    private static List<CudaDevices.Found> devices() {
        List<CudaDevices.Found> devices = CudaDevices.all();
        if (devices.getFirst().refusal() != null) {
            throw devices.getFirst().refusal();
        }
        return devices;
    }

    private static String nameOf(Library library) {
        return library instanceof Library.Loaded loaded ? loaded.name() : "none";
    }

    /** What one part breaks is a row, and the others go on. */
    private void guarded(Part part, CheckDevice device, List<CudaDevices.Found> devices) {
        String name = part.name().toLowerCase(Locale.ROOT);
        if (deadline.over()) {
            table.add(name, "all of it", "not run: no time");
            return;
        }
        say(name + " ...");
        try {
            run(part, device, devices);
        } catch (Failure e) {
            table.fail(name, "what is left of it", e.oneLine());
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            table.fail(name, "what is left of it", e.toString());
        }
    }

    private void run(Part part, CheckDevice device, List<CudaDevices.Found> devices) {
        switch (part) {
            case PREFLIGHT -> preflight(device, devices);
            case LIMITS -> limits(device);
            case KERNELS -> kernels(device);
            case LABORATORY -> laboratory(device);
            case SYNTHETIC -> synthetic(device);
            case SUITE -> {
                // Else the tests would look for the stand-in of a build.
                System.setProperty("espalier.cuda", nameOf(CudaDriver.find()));
                Suite.run(TESTS, table);
            }
            case MODELS -> models();
            case SANITIZER ->
                Sanitizer.run(System.getenv(), List.of(GpuCheck.class.getName(), "--once"), table, this::say);
        }
    }

    private void preflight(CheckDevice device, List<CudaDevices.Found> devices) {
        Preflight preflight = new Preflight(table);
        preflight.devices(devices);
        preflight.kernels(device.in(Precision.FLOAT32));
        preflight.clocksNow();
    }

    private Limits limits(CheckDevice device) {
        if (limits == null) {
            limits = Limits.measure(
                    device, new Stopwatch(secondsOfARound()), quick ? 1L << 20 : 1L << 30, quick ? 64 : 8192, table);
        }
        return limits;
    }

    private double secondsOfARound() {
        return quick ? 0.001 : minutes < HURRIED ? 0.02 : 0.1;
    }

    private void kernels(CheckDevice device) {
        Stream<OpCase<? super Backend>> cases = small();
        new OddSizes(device.in(Precision.FLOAT32), table).run(cases, deadline.share(KERNELS_SHARE));
    }

    /** The small cases of all operations; in a quick check the smallest of each. */
    private Stream<OpCase<? super Backend>> small() {
        Stream<OpCase<? super Backend>> all = OpCases.all()
                .filter(c -> c.forwardFlops() < 1_000_000 && c.name().contains(text));
        if (!quick) {
            return all;
        }
        Map<String, OpCase<? super Backend>> smallest = new LinkedHashMap<>();
        all.forEach(c -> smallest.merge(c.operation(), c, (x, y) -> x.forwardFlops() <= y.forwardFlops() ? x : y));
        return smallest.values().stream();
    }

    /** The small cases: every operation and type. */
    private void everyKernelOnce() {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            small().forEach(c -> once(c, cuda));
        }
    }

    @SuppressWarnings("unchecked")
    private static <F> void once(OpCase<F> opCase, CudaBackend cuda) {
        Conformance.outputs(opCase, cuda, (F) cuda);
    }

    private void laboratory(CheckDevice device) {
        Limits best = limits(device);
        Stream<OpCase<? super Backend>> cases = quick
                ? OpCases.all().filter(c -> c.forwardFlops() < 20_000)
                : Stream.concat(ModelCases.llama7b(), ModelCases.smollm());
        new Laboratory(device, best, new Stopwatch(secondsOfARound()), table)
                .run(cases.filter(c -> c.name().contains(text)), deadline.share(LABORATORY_SHARE), this::say);
    }

    /** As PyTorch has 16-bit weights first: that is what others are compared with. */
    private void synthetic(CheckDevice device) {
        for (Precision precision : List.of(Precision.HALF, Precision.FLOAT32)) {
            Deadline share = deadline.share(precision == Precision.HALF ? SYNTHETIC_SHARE : FLOAT32_SHARE);
            try (SyntheticCheckpoint checkpoint = quick ? SyntheticCheckpoint.tiny() : SyntheticCheckpoint.llama7b();
                    SyntheticSpeeds speeds = new SyntheticSpeeds(
                            checkpoint,
                            device.in(precision),
                            precision,
                            quick ? SyntheticSpeeds.Tokens.few() : SyntheticSpeeds.Tokens.usual(),
                            Optional.ofNullable(limits),
                            table)) {
                speeds.run(share);
            }
        }
    }

    private void models() {
        try {
            Path folder = Files.createTempDirectory("gpu-check");
            try {
                ModelSpeeds speeds = new ModelSpeeds(quick ? 16 : 512, table);
                for (Path model : models.isEmpty() ? List.of(builtIn(folder.resolve("demo"))) : models) {
                    say("model " + model);
                    speeds.run(model, Files.createTempDirectory(folder, "model"));
                }
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path builtIn(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (String name : List.of(
                "config.json",
                "generation_config.json",
                "model.safetensors",
                "tokenizer.json",
                "tokenizer_config.json")) {
            try (InputStream in = CudaBackend.class.getResourceAsStream("/org/espalier/demo/" + name)) {
                Files.copy(in, folder.resolve(name));
            }
        }
        return folder;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(files::add);
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }

    private void heard(CheckRow row) {
        tell(row.toString());
        files.ifPresent(f -> {
            Map<String, Object> fields = row.fields();
            fields.put("after", (System.nanoTime() - start) / 1e9);
            f.note(fields);
        });
    }

    /** A line for whoever looks on, and for the file. */
    private void tell(String line) {
        PrintWriter printed = command.commandLine().getOut();
        printed.println(line);
        printed.flush();
        files.ifPresent(f -> f.say(line));
    }

    private void say(String line) {
        PrintWriter err = command.commandLine().getErr();
        err.println("gpu-check: " + line);
        err.flush();
    }
}
