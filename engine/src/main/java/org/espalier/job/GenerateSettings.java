package org.espalier.job;

import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.backend.Sampling;

/** How a text is continued. */
public final class GenerateSettings extends Settings<GenerateSettings> {

    /** Tokens that are written where no number is asked for, if the context holds them. */
    public static final int USUAL_TOKENS = 256;

    private boolean chat;
    private OptionalInt maxTokens = OptionalInt.empty();
    private double temperature;
    private int topK;
    private double topP = 1;
    private long seed = SEED;

    private GenerateSettings() {}

    /** The likeliest token each time, 256 of them at most, the prompt as it is. */
    public static GenerateSettings defaults() {
        return new GenerateSettings();
    }

    /** Whether the prompt is put into the model's chat template. */
    public GenerateSettings chat(boolean chat) {
        return with(copy -> copy.chat = chat);
    }

    /** Whether the prompt is put into the model's chat template. */
    public boolean chat() {
        return chat;
    }

    /** Tokens to write at most, which have to fit the model's context with the prompt. */
    public GenerateSettings maxTokens(int tokens) {
        atLeast(1, "maxTokens", tokens);
        return with(copy -> copy.maxTokens = OptionalInt.of(tokens));
    }

    /** Tokens to write at most; if none were set, as many of the usual ones as the context has room for, but one at least. */
    int tokensWithin(int room) {
        return maxTokens.orElse(Math.max(1, Math.min(USUAL_TOKENS, room)));
    }

    /** Divides the logits before a token is drawn; 0 takes the likeliest. */
    public GenerateSettings temperature(double temperature) {
        within(0, Float.MAX_VALUE, "temperature", temperature);
        return with(copy -> copy.temperature = temperature);
    }

    /** Divides the logits before a token is drawn; 0 takes the likeliest. */
    public double temperature() {
        return temperature;
    }

    /** So many likeliest tokens are drawn from; 0 for all. */
    public GenerateSettings topK(int tokens) {
        atLeast(0, "topK", tokens);
        return with(copy -> copy.topK = tokens);
    }

    /** So many likeliest tokens are drawn from; 0 for all. */
    public int topK() {
        return topK;
    }

    /** The likeliest tokens of this probability together are drawn from; above 0, at most 1. */
    public GenerateSettings topP(double probability) {
        within(Double.MIN_VALUE, 1, "topP", probability);
        return with(copy -> copy.topP = probability);
    }

    /** The likeliest tokens of this probability together are drawn from. */
    public double topP() {
        return topP;
    }

    /** Equal seeds give equal texts. */
    public GenerateSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Equal seeds give equal texts. */
    public long seed() {
        return seed;
    }

    /** How a token is drawn; empty if the likeliest is taken. */
    public Optional<Sampling> sampling() {
        return temperature == 0 ? Optional.empty() : Optional.of(new Sampling(temperature, topK, topP, seed));
    }
}
