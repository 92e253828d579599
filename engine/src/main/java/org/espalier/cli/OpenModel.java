package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.Model;

/** A checkpoint, a backend and the model that binds them, closed together in the right order. */
record OpenModel(Checkpoint checkpoint, Backend backend, Model model) implements AutoCloseable {

    /** Opens {@code path} on {@code backend}, which is closed with the model or if there is none. */
    static OpenModel open(Path path, Backend backend) {
        return open(path, null, backend);
    }

    /** As above, with the adapter in the folder {@code adapter} unless that is null. */
    static OpenModel open(Path path, Path adapter, Backend backend) {
        Checkpoint checkpoint = null;
        Model model = null;
        try {
            checkpoint = Checkpoint.open(path);
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

    @Override
    public void close() {
        model.close();
        checkpoint.close();
        backend.close();
    }
}
