package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.error.Warnings;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.StoredTensor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * A checkpoint whose weights are all those of the model that its configuration describes: each is there under the name that
 * the family's pass has for it, in its shape and in a type that can be computed with. Whatever copies, cuts or computes opens
 * a model as one of these, so that nothing is made from a part of a model.
 */
public final class ModelCheckpoint implements Checkpoint {

    private final Checkpoint source;
    private final JsonNode json;
    private final StoredModel stored;

    private ModelCheckpoint(Checkpoint source, JsonNode json, StoredModel stored) {
        this.source = source;
        this.json = json;
        this.stored = stored;
    }

    /**
     * Opens a model on disk.
     *
     * @param path a checkpoint folder or a GGUF file
     * @throws Failure if there is none, or configuration and weights do not fit
     */
    public static ModelCheckpoint open(Path path) {
        Checkpoint source = Checkpoints.open(path);
        try {
            return of(source);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    /**
     * An opened checkpoint as the model of its family; it is closed with this.
     *
     * @throws Failure if configuration and weights do not fit
     */
    public static ModelCheckpoint of(Checkpoint source) {
        String place = source.path().toString();
        ModelConfig config = Architectures.read(source.config(), place);
        ObjectNode json = Architectures.ofText(source.config()).deepCopy();
        boolean nested = Architectures.isNested(source.config());
        SequencedMap<String, StoredTensor> files = nested ? NestedText.tensors(source.tensors()) : source.tensors();
        StoredModel stored = Architectures.of(config).stored(config, json, files);
        Tape tape = new Transformer(stored.config()).shape();
        requirePromised(tape, stored, source);
        Weights.check(tape, stored.tensors(), place);
        if (files.size() < source.tensors().size()) {
            Warnings.say(new Failure(
                    "the model is more than a text model",
                    place,
                    "its text model is used, and nothing else of it is written"));
        }
        stored.differences().forEach((difference, done) -> Warnings.say(new Failure(difference, place, done)));
        return new ModelCheckpoint(source, json, stored);
    }

    /** A weight that an index names and no file has. */
    private static void requirePromised(Tape tape, StoredModel stored, Checkpoint source) {
        Map<String, String> missing = source.missing();
        for (Value parameter : tape.leaves(Value.Role.PARAMETER)) {
            String name = parameter.name();
            if (missing.containsKey(name) && !stored.tensors().containsKey(name)) {
                throw new Failure(
                        "the index says that " + missing.get(name) + " holds tensor " + Printable.quoted(name)
                                + ", which it does not",
                        source.path().toString(),
                        "fetch the index and the shards again");
            }
        }
    }

    /** The configuration of the model that is really there. */
    public ModelConfig model() {
        return stored.config();
    }

    @Override
    public Path path() {
        return source.path();
    }

    @Override
    public JsonNode config() {
        return json;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return stored.tensors();
    }

    @Override
    public Optional<Map<String, Object>> ggufMetadata() {
        return source.ggufMetadata();
    }

    @Override
    public List<Path> weightFiles() {
        return source.weightFiles();
    }

    @Override
    public void close() {
        source.close();
    }
}
