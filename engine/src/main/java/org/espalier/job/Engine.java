package org.espalier.job;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.espalier.backend.Backend;
import org.espalier.backend.Precision;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaDevices;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.error.Failure;
import org.espalier.ffi.OneDnn;
import org.espalier.ffi.OpenBlas;
import org.espalier.model.Weights;
import org.espalier.report.Computer;

/**
 * Where jobs compute, and who hears of what they do. It holds nothing open: every job opens what it needs and closes it
 * before it returns.
 */
public final class Engine {

    private final ComputeSettings compute;
    private final Listener listener;
    /** Whether rounding to 16 bits is harmless: losses of many tokens average it out. */
    private final boolean trains;

    private final Optional<Workers> workers;

    /** Jobs compute as {@code compute} says, and {@code listener} hears how far they are. */
    public Engine(ComputeSettings compute, Listener listener) {
        this(compute, listener, false, Optional.empty());
    }

    private Engine(ComputeSettings compute, Listener listener, boolean trains, Optional<Workers> workers) {
        this.compute = compute;
        this.listener = listener;
        this.trains = trains;
        this.workers = workers;
    }

    /**
     * As this engine, for training: where nobody chose a precision, products are computed in half on processors that multiply
     * bfloat16, which is faster. What is trained, its optimiser and all sums stay float32.
     */
    Engine training() {
        return new Engine(compute, listener, true, workers);
    }

    /** As this engine, with workers that do the pieces of jobs. */
    public Engine with(Workers others) {
        return new Engine(compute, listener, trains, Optional.of(others));
    }

    /** Those who do the pieces of jobs, where it is not this process alone. */
    Optional<Workers> workers() {
        return workers;
    }

    /** Jobs compute on a GPU that can be used, else on all processors, and nobody hears of it. */
    public static Engine silent() {
        return new Engine(ComputeSettings.defaults(), Listener.NONE);
    }

    /** Where and how jobs compute. */
    public ComputeSettings compute() {
        return compute;
    }

    /** Hears of what jobs do. */
    public Listener listener() {
        return listener;
    }

    /**
     * Opens a model where jobs compute.
     *
     * @param model a checkpoint folder or a GGUF file
     * @return what the caller closes
     * @throws Failure if there is no such model, or it does not fit
     */
    public OpenModel open(Path model) {
        return open(model, Optional.empty());
    }

    /**
     * As {@link #open(Path)}, with an adapter.
     *
     * @param adapter folder of a LoRA adapter in PEFT's form
     */
    public OpenModel open(Path model, Optional<Path> adapter) {
        return noted(OpenModel.open(model, adapter, backend()));
    }

    /**
     * As {@link #open(Path)}, with the tokens of another model alone, under its ids, if it knows fewer.
     *
     * @param smaller was made of the model
     * @throws Failure as above, and if that one knows tokens that this one does not
     */
    public OpenModel open(Path model, Path smaller) {
        int tokens = ModelHeader.read(smaller).config().vocab();
        return noted(OpenModel.open(
                model, Optional.empty(), backend(), whole -> MatchedTokens.of(whole, model, smaller, tokens)));
    }

    private OpenModel noted(OpenModel opened) {
        Weights weights = opened.model().weights();
        if (!weights.resident()) {
            listener.note(("%s is larger than the GPU's memory: of its %s of weights up to %s are there at once, and "
                            + "layers are read when they are used")
                    .formatted(opened.path(), Machine.size(weights.bytes()), Machine.size(weights.most())));
        }
        return opened;
    }

    /**
     * The backend that is asked for.
     *
     * @return what the caller closes
     * @throws Failure if it cannot be had
     */
    public Backend backend() {
        compute.requireSound();
        return switch (compute.device()) {
            case REFERENCE -> new ReferenceBackend();
            case CUDA -> cuda();
            case CPU -> cpu();
            case AUTO -> compute.cudaRequired() ? cuda() : automatic();
        };
    }

    /** What this engine computes with, as far as its results depend on it. */
    public Computer computer() {
        try (Backend backend = backend()) {
            return computer(backend);
        }
    }

    /** What a backend of this engine computes with, as far as its results depend on it. */
    Computer computer(Backend backend) {
        String processor = switch (backend) {
            case CpuBackend _ when compute.portable() -> "any with AVX2";
            case CpuBackend _ -> System.getProperty("os.arch") + " " + String.join(" ", Machine.features());
            case CudaBackend _ -> CudaDevices.kinds();
            default -> "any";
        };
        return new Computer(backend.name(), precision(backend), processor);
    }

    /** Rounded numbers are not multiplied in the same order with the processor's own instructions and without. */
    private String precision(Backend backend) {
        Precision precision = backend instanceof CpuBackend ? precisionOfProcessors() : compute.precision();
        String name = precision.name().toLowerCase(Locale.ROOT);
        boolean rounded = precision == Precision.HALF || precision == Precision.SPLIT;
        return backend instanceof CpuBackend && rounded && !OneDnn.usable()
                ? name + " without bfloat16 instructions"
                : name;
    }

    private Precision precisionOfProcessors() {
        boolean half = trains && !compute.portable() && OneDnn.usable();
        return compute.precisionOr(half ? Precision.HALF : Precision.FLOAT32);
    }

    private Backend cpu() {
        if (compute.precision() == Precision.TF32) {
            throw new Failure("there is no GPU to compute in tf32", "--precision tf32", "use float32, half or split");
        }
        if (compute.portable()) {
            System.setProperty(OpenBlas.PORTABLE_PROPERTY, "true");
        }
        OpenBlas.load();
        return new CpuBackend(compute.threads(), precisionOfProcessors());
    }

    private Backend cuda() {
        if (compute.precision() == Precision.SPLIT) {
            throw new Failure("a GPU has no split precision", "--precision split", "use half, or --device cpu");
        }
        return CudaDevices.open(compute.precision());
    }

    /** A GPU that is there but cannot be used is worth a word; a machine without one is not. */
    private Backend automatic() {
        if (!CudaDevices.expected()) {
            return cpu();
        }
        try {
            return cuda();
        } catch (Failure refusal) {
            listener.note("computing on the CPU, the GPU cannot be used: " + refusal.oneLine());
            return cpu();
        }
    }
}
