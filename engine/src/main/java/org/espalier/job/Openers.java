package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.RemoteCode;
import org.espalier.model.StockClass;

/**
 * What opens a checkpoint that was written here, beside this engine.
 *
 * @param stockClass the class of Hugging Face's transformers for models of its type
 * @param refusal    why that class does not open it; empty if it does
 * @param remoteCode whether there is code beside it by which transformers open it all the same
 */
public record Openers(String stockClass, Optional<String> refusal, boolean remoteCode) {

    static Openers of(ModelConfig config) {
        return new Openers(
                StockClass.name(config),
                StockClass.refusal(config),
                RemoteCode.of(config).isPresent());
    }

    /** Of a checkpoint that lies here. */
    public static Openers of(Path model) {
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model)) {
            return of(checkpoint.model());
        }
    }

    /** For people, as a line. */
    @Override
    public String toString() {
        if (refusal.isEmpty()) {
            return "opens in transformers' " + stockClass + ", and in this engine";
        }
        return remoteCode
                ? "opens in transformers with trust_remote_code, and in this engine, not in " + stockClass + ": "
                        + refusal.get()
                : "opens in this engine only, not in transformers' " + stockClass + ": " + refusal.get();
    }
}
