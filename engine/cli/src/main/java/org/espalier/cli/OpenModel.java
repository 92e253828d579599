package org.espalier.cli;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.espalier.backend.Backend;
import org.espalier.backend.OwnMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.Model;

/** A checkpoint, a backend and the model that binds them, closed together in the right order. */
record OpenModel(Checkpoint checkpoint, Backend backend, Model model) implements AutoCloseable {

    /** Weights that are a larger part of the memory than this are let go of layer by layer. */
    private static final double MUCH = 0.25;

    /**
     * Opens {@code path} on {@code backend}, which is closed with the model or if there is none.
     *
     * @param adapter folder of an adapter, or null for none
     */
    static OpenModel open(Path path, Path adapter, Backend backend) {
        Checkpoint checkpoint = null;
        Model model = null;
        try {
            checkpoint = Checkpoints.open(path);
            model = Model.open(checkpoint, backend);
            if (adapter != null) {
                model = adapted(model, adapter);
            }
            return new OpenModel(checkpoint, backend, model);
        } catch (RuntimeException | Error e) {
            if (model != null) {
                model.close();
            }
            if (checkpoint != null) {
                checkpoint.close();
            }
            backend.close();
            throw e;
        }
    }

    private static Model adapted(Model model, Path folder) {
        try (PeftAdapter stored = PeftAdapter.open(folder)) {
            return model.with(Adapter.bind(model.backend(), model.config(), stored));
        }
    }

    /** The most bytes of a device's own memory that were in use at once; empty where there is none. */
    OptionalLong devicePeak() {
        return backend.ownMemory().stream().mapToLong(OwnMemory::peak).findFirst();
    }

    /** Whether the weights are so large a part of the memory that they are better let go of layer by layer. */
    boolean outgrowsMemory() {
        return checkpoint.weightBytes() > MUCH * Machine.memory();
    }

    @Override
    public void close() {
        model.close();
        checkpoint.close();
        backend.close();
    }
}
