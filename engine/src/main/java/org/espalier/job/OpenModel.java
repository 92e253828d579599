package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.espalier.backend.Backend;
import org.espalier.backend.OwnMemory;
import org.espalier.file.Closing;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.Model;
import org.espalier.model.ModelCheckpoint;

/**
 * A checkpoint, a backend and the model that binds them, closed together in the right order.
 *
 * @param path       that was opened
 * @param checkpoint its configuration and weights
 * @param backend    that computes
 * @param model      that is computed with, an adapter included
 */
public record OpenModel(Path path, ModelCheckpoint checkpoint, Backend backend, Model model) implements AutoCloseable {

    /** Weights that are a larger part of the memory than this are let go of layer by layer. */
    private static final double MUCH = 0.25;

    /**
     * Opens {@code path} on {@code backend}, which is closed with the model or if there is none.
     *
     * @param adapter folder of an adapter
     */
    static OpenModel open(Path path, Optional<Path> adapter, Backend backend) {
        return open(path, adapter, backend, whole -> whole);
    }

    /** A checkpoint that this one may have been made of, with the tokens of this model alone. */
    ModelCheckpoint matched(ModelCheckpoint whole, Path from) {
        return MatchedTokens.of(whole, from, path, model.config().vocab());
    }

    /** As above, with what is made of the checkpoint, which is closed with it. */
    static OpenModel open(Path path, Optional<Path> adapter, Backend backend, UnaryOperator<ModelCheckpoint> tokens) {
        ModelCheckpoint checkpoint = null;
        Model model = null;
        try {
            checkpoint = ModelCheckpoint.open(path);
            checkpoint = tokens.apply(checkpoint);
            model = Model.open(checkpoint, backend);
            if (adapter.isPresent()) {
                model = adapted(model, adapter.get());
            }
            return new OpenModel(path, checkpoint, backend, model);
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
        try (PeftAdapter stored = PeftAdapter.open(folder, Adapter.experts(model.config()))) {
            return model.with(Adapter.bind(model.backend(), model.config(), stored));
        }
    }

    /** Parameters of the model, tied ones counted once, without an adapter's. */
    public long parameters() {
        return model.transformer().shape().parameterCount();
    }

    /** The most bytes of a device's own memory that were in use at once; empty where there is none. */
    public OptionalLong devicePeak() {
        return backend.ownMemory().stream().mapToLong(OwnMemory::peak).findFirst();
    }

    /** Whether the weights are so large a part of the memory that they are better let go of layer by layer. */
    boolean outgrowsMemory() {
        return outgrowMemory(List.of(this));
    }

    /** The same of the weights of several models together. */
    static boolean outgrowMemory(List<OpenModel> models) {
        long bytes =
                models.stream().mapToLong(open -> open.checkpoint.weightBytes()).sum();
        return bytes > MUCH * Machine.memory();
    }

    @Override
    public void close() {
        Closing.all(List.of(model::close, checkpoint::close, backend::close));
    }
}
