package org.espalier.job;

import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.TokenRows;
import org.espalier.text.Tokenizer;

/** Opens a model as one that knows the tokens of another, which was made of it without some of its tokens. */
final class MatchedTokens {

    private MatchedTokens() {}

    /**
     * A model with the tokens of a smaller one, under that one's ids: what it predicts of them, the others left out. Where the other
     * one knows as many tokens it is the model itself.
     *
     * @param whole   the model, which is closed with the result
     * @param path    of it
     * @param smaller where the other one is
     * @param wanted  tokens that it knows
     * @throws Failure if that one knows tokens that this one does not
     */
    static ModelCheckpoint of(ModelCheckpoint whole, Path path, Path smaller, int wanted) {
        int known = whole.model().vocab();
        if (wanted >= known) {
            return whole;
        }
        try (Tokenizer tokenizer = Tokenizer.open(path);
                Tokenizer other = Tokenizer.open(smaller)) {
            int[] ids = other.idsIn(tokenizer, wanted, known)
                    .orElseThrow(() -> new Failure(
                            "the model knows %d tokens that are not all among the %d of the other"
                                    .formatted(wanted, known),
                            smaller + ", " + path,
                            "name the model that this one was made from"));
            return TokenRows.of(whole, ids);
        }
    }
}
