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
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.ModelCases;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.error.Failure;
import org.espalier.ffi.Cublas;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.CudaVersion;
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
                + "it; prints one table. Exit status: 0 all is well, 1 something is not, or there is no GPU.")
public final class GpuCheck implements Callable<Integer> {

    /** What is tried, in this order. */
    enum Part {
        /** The backend's tests. */
        SUITE,
        /** NVIDIA's compute-sanitizer over every kernel. */
        SANITIZER,
        /** Every operation at the sizes of models: compared, then timed. */
        LABORATORY,
        /** Whole models. */
        MODELS
    }

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

    private final CheckTable table = new CheckTable();

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
        CudaDevices.Found device = device();
        if (once) {
            everyKernelOnce();
            return 0;
        }
        say("checking " + device.name());
        for (Part part : EnumSet.allOf(Part.class)) {
            if (parts.contains(part)) {
                run(part);
            }
        }
        command.commandLine().getOut().println(heading(device) + table);
        return table.failures() == 0 ? 0 : 1;
    }

    /** The device that is checked: the first, as the backend's tests have it. */
    private static CudaDevices.Found device() {
        CudaDevices.Found first = CudaDevices.all().getFirst();
        if (first.refusal() != null) {
            throw first.refusal();
        }
        return first;
    }

    private static String heading(CudaDevices.Found device) {
        return "%s, compute capability %s, %d multiprocessors, %.1f GiB; driver for CUDA %s (%s); cuBLAS %s (%s)%n%n"
                .formatted(
                        device.name(),
                        device.capability(),
                        device.multiprocessors(),
                        device.memory() / (double) (1L << 30),
                        CudaVersion.ofDriver(),
                        nameOf(CudaDriver.find()),
                        device.cublas(),
                        nameOf(Cublas.find()));
    }

    private static String nameOf(Library library) {
        return library instanceof Library.Loaded loaded ? loaded.name() : "none";
    }

    private void run(Part part) {
        say(part.name().toLowerCase(Locale.ROOT) + " ...");
        switch (part) {
            case SUITE -> {
                // Else the tests would look for the stand-in of a build.
                System.setProperty("espalier.cuda", nameOf(CudaDriver.find()));
                Suite.run(TESTS, table);
            }
            case SANITIZER ->
                Sanitizer.run(System.getenv(), List.of(GpuCheck.class.getName(), "--once"), table, this::say);
            case LABORATORY -> laboratory();
            case MODELS -> models();
        }
    }

    /** The small cases: every operation and type. */
    private void everyKernelOnce() {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            OpCases.all()
                    .filter(c -> c.forwardFlops() < 1_000_000 && c.name().contains(text))
                    .forEach(c -> once(c, cuda));
        }
    }

    @SuppressWarnings("unchecked")
    private static <F> void once(OpCase<F> opCase, CudaBackend cuda) {
        Conformance.outputs(opCase, cuda, (F) cuda);
    }

    private void laboratory() {
        Stopwatch watch = new Stopwatch(quick ? 0.001 : 0.1);
        Limits limits = Limits.measure(watch, quick ? 1L << 20 : 1L << 30, quick ? 64 : 8192, table);
        Stream<OpCase<? super Backend>> cases =
                quick ? OpCases.all().filter(c -> c.forwardFlops() < 20_000) : ModelCases.all();
        new Laboratory(limits, watch, table).run(cases.filter(c -> c.name().contains(text)), this::say);
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

    private void say(String line) {
        PrintWriter err = command.commandLine().getErr();
        err.println("gpu-check: " + line);
        err.flush();
    }
}
