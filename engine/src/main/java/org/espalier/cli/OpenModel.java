package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.backend.Backend;
import org.espalier.format.Checkpoint;
import org.espalier.model.Model;

/** A checkpoint, a backend and the model that binds them, closed together in the right order. */
record OpenModel(Checkpoint checkpoint, Backend backend, Model model) implements AutoCloseable {

    /** Opens {@code path} on {@code backend}, which is closed with the model or if there is none. */
    static OpenModel open(Path path, Backend backend) {
        Checkpoint checkpoint = null;
        try {
            checkpoint = Checkpoint.open(path);
            return new OpenModel(checkpoint, backend, Model.open(checkpoint, backend));
        } catch (RuntimeException | Error e) {
            if (checkpoint != null) {
                checkpoint.close();
            }
            backend.close();
            throw e;
        }
    }

    @Override
    public void close() {
        model.close();
        checkpoint.close();
        backend.close();
    }
}
