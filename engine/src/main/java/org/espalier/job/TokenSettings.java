package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Which tokens stay where the vocabulary is cut. */
public final class TokenSettings extends Settings<TokenSettings> {

    /** Where no number of uses is set, a token stays that is used once or more in so many tokens of the texts. */
    public static final long TOKENS_PER_USE = 1_000_000;

    private List<Path> texts = List.of();
    private OptionalLong uses = OptionalLong.empty();

    private TokenSettings() {}

    /** What is used once in a million tokens of the calibration texts. */
    public static TokenSettings defaults() {
        return new TokenSettings();
    }

    /** Texts in which tokens are counted, all of them, instead of the calibration texts. */
    public TokenSettings texts(List<Path> files) {
        return with(copy -> copy.texts = List.copyOf(files));
    }

    /** Texts in which tokens are counted; none for the calibration texts. */
    List<Path> texts() {
        return texts;
    }

    /** A token stays that is used so many times or more. */
    public TokenSettings uses(long least) {
        if (least < 1) {
            throw new IllegalArgumentException("uses is " + least + ", and at least 1 is needed");
        }
        return with(copy -> copy.uses = OptionalLong.of(least));
    }

    /** Whether a number of uses is set. */
    boolean usesGiven() {
        return uses.isPresent();
    }

    /** Whether anything is set. */
    boolean given() {
        return usesGiven() || !texts.isEmpty();
    }

    /** Uses that a token needs in texts of so many tokens. */
    long least(long tokens) {
        return uses.orElse(Math.max(1, Math.ceilDiv(tokens, TOKENS_PER_USE)));
    }

    @Override
    public Optional<String> complaint() {
        return texts.stream().distinct().count() < texts.size()
                ? Optional.of("--token-texts names a file twice")
                : Optional.empty();
    }
}
