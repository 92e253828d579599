package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.file.Json;
import org.espalier.format.ModelContent;
import org.espalier.format.NumberTypes;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.tensor.DType;
import org.espalier.tune.RandomCheckpoint;

/** Writes a checkpoint of random weights for a configuration, to try what a model of that size needs. */
public final class RandomJob {

    /**
     * What was written.
     *
     * @param parameters  of the model
     * @param weightBytes of them
     * @param seconds     it took
     */
    public record Result(long parameters, long weightBytes, double seconds) {}

    private static final DType USUAL_TYPE = DType.BF16;

    private final Listener listener;
    private final Optional<DType> dtype;
    private final long seed;

    /** @param dtype the type that weights are stored in; bfloat16 if empty */
    public RandomJob(Listener listener, Optional<DType> dtype, long seed) {
        this.listener = listener;
        this.dtype = dtype;
        this.seed = seed;
    }

    /**
     * Writes.
     *
     * @param config a config.json, or a folder with one
     * @throws org.espalier.error.Failure if it is no configuration of a model that is known, or the checkpoint cannot be
     *     written
     */
    public Result run(Path config, Destination out) {
        NumberTypes types = out.types(Optional.of(dtype.orElse(USUAL_TYPE)));
        out.requireFree(config);
        long start = System.nanoTime();
        Path file = Files.isDirectory(config) ? config.resolve("config.json") : config;
        ObjectNode json = Architectures.ofText(Json.readObject(file)).deepCopy();
        ModelConfig sizes = Architectures.read(json, file.toString());
        long parameters = new Transformer(sizes).shape().parameterCount();
        ModelContent content = RandomCheckpoint.of(json, sizes, types, seed);
        out.writeModel("writing", content, listener);
        return new Result(parameters, content.bytes(), (System.nanoTime() - start) / 1e9);
    }
}
