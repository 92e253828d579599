package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.StockClass;

/**
 * What opens a checkpoint that was written here, beside this engine.
 *
 * @param stockClass the class of Hugging Face's transformers for models of its type
 * @param refusal    why that class does not open it; empty if it does
 */
public record Openers(String stockClass, Optional<String> refusal) {

    static Openers of(ModelConfig config) {
        return new Openers(StockClass.name(config), StockClass.refusal(config));
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
        return refusal.map(why -> "opens in this engine only, not in transformers' " + stockClass + ": " + why)
                .orElse("opens in transformers' " + stockClass + ", and in this engine");
    }
}
