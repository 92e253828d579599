package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.backend.Sampling;

/** Which texts a model writes by itself, many at once. */
public final class WritingSettings extends Settings<WritingSettings> {

    /** Tokens of a text after its beginning, unless told otherwise. */
    public static final int USUAL_TOKENS = 256;

    private Optional<Path> prefixes = Optional.empty();
    private OptionalInt texts = OptionalInt.empty();
    private int maxTokens = USUAL_TOKENS;
    private double temperature = 1;
    private long seed = SEED;

    private WritingSettings() {}

    /** Texts of 256 tokens and a beginning each, drawn as the model finds them likely. */
    public static WritingSettings defaults() {
        return new WritingSettings();
    }

    /** A file of beginnings, one a line; without one, each is of one to four words drawn by the seed. */
    public WritingSettings prefixes(Path file) {
        return with(copy -> copy.prefixes = Optional.of(file));
    }

    /** A file of beginnings, one a line. */
    public Optional<Path> prefixes() {
        return prefixes;
    }

    /** How many texts; where there are fewer beginnings, each is continued several times. */
    public WritingSettings texts(int number) {
        atLeast(1, "texts", number);
        return with(copy -> copy.texts = OptionalInt.of(number));
    }

    /** How many texts; if not given, one for each beginning of the file. */
    public OptionalInt texts() {
        return texts;
    }

    /** Tokens written after each beginning. */
    public WritingSettings maxTokens(int tokens) {
        atLeast(1, "maxTokens", tokens);
        return with(copy -> copy.maxTokens = tokens);
    }

    /** Tokens written after each beginning. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Divides the logits before a token is drawn; above 0. */
    public WritingSettings temperature(double temperature) {
        aboveZero("temperature", temperature);
        return with(copy -> copy.temperature = temperature);
    }

    /** Divides the logits before a token is drawn. */
    public double temperature() {
        return temperature;
    }

    /** Of the beginnings and of every token: equal seeds give equal texts. */
    public WritingSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of the beginnings and of every token. */
    public long seed() {
        return seed;
    }

    /** How a token is drawn. */
    Sampling sampling() {
        return sampling(temperature, seed);
    }

    static Sampling sampling(double temperature, long seed) {
        return new Sampling(temperature, 0, 1, seed);
    }

    @Override
    public Optional<String> complaint() {
        return prefixes.isEmpty() && texts.isEmpty()
                ? Optional.of("give beginnings with --prefixes FILE, or a number of texts with --texts N")
                : Optional.empty();
    }
}
