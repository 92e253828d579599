package org.espalier.job;

import java.nio.file.Path;
import org.espalier.text.Tokenizer;

/** Turns a text into token ids. */
public final class TokenizeJob {

    /**
     * A text's tokens.
     *
     * @param ids  of the text
     * @param text that they give again
     */
    public record Result(int[] ids, String text) {}

    private final boolean special;

    /** @param special whether to add what the tokenizer puts around a text, such as a begin token */
    public TokenizeJob(boolean special) {
        this.special = special;
    }

    /**
     * Tokenizes.
     *
     * @param model a checkpoint folder or a GGUF file
     * @throws org.espalier.error.Failure if it has no tokenizer, or not one that is known
     */
    public Result run(Path model, String text) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            int[] ids = tokenizer.encode(text, special);
            return new Result(ids, tokenizer.decode(ids, false));
        }
    }
}
