package org.espalier.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.espalier.error.Failure;
import org.espalier.file.Output;
import org.espalier.format.GgufAdapter;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.ModelCheckpoint;
import org.espalier.tensor.DType;

/** Writes a LoRA adapter in PEFT's form as a GGUF file, which llama.cpp adds to a model. */
public final class ConvertAdapterJob {

    private final Optional<DType> dtype;

    /** @param dtype F32, F16 or BF16; empty to keep the type of each matrix */
    public ConvertAdapterJob(Optional<DType> dtype) {
        this.dtype = dtype;
    }

    /** Whether a folder is an adapter's, not a model's. */
    public static boolean isAdapter(Path folder) {
        return PeftAdapter.isOne(folder);
    }

    /** Why an adapter cannot be written so, under the names of the command line; empty if it can. */
    public Optional<String> complaint(Destination out) {
        if (!GgufAdapter.writes(out.path())) {
            return Optional.of("--out must name a .gguf file for an adapter, not "
                    + out.path().getFileName());
        }
        return dtype.filter(type -> !type.plain()).map(type -> "--dtype: an adapter is stored as f32, f16 or bf16");
    }

    /**
     * Converts.
     *
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @param base    the model that it is of; empty to take the folder or file that the adapter names
     * @return matrices that were written
     * @throws Failure if there is no such model, or GGUF has no place for what the adapter holds
     */
    public int run(Path adapter, Optional<Path> base, Destination out) {
        complaint(out).ifPresent(complaint -> {
            throw new Failure(complaint, out.path().toString(), "choose another");
        });
        out.requireFree(adapter);
        try (ModelCheckpoint model = ModelCheckpoint.open(base.orElseGet(() -> named(adapter)));
                PeftAdapter stored = PeftAdapter.open(adapter, Adapter.experts(model.model()))) {
            AtomicInteger written = new AtomicInteger();
            Output.writeFile(
                    out.path(), out.replace(), file -> written.set(GgufAdapter.write(file, model, stored, dtype)));
            return written.get();
        }
    }

    private static Path named(Path adapter) {
        String base = PeftAdapter.baseModel(adapter);
        Path path = Path.of(base);
        if (base.isEmpty() || !Files.exists(path)) {
            throw new Failure(
                    "the adapter does not say where its model is", adapter.toString(), "name the model with --base");
        }
        return path;
    }
}
