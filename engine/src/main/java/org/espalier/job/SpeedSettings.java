package org.espalier.job;

import java.util.Optional;

/** How fast models read and write: what is measured. */
public final class SpeedSettings extends Settings<SpeedSettings> {

    private int prompt = 512;
    private int generate = 128;
    private int repetitions = 5;
    private int warmUpSeconds = 2;
    private long seed = SEED;

    private SpeedSettings() {}

    /** 512 tokens read, 128 written, five times each, after two seconds of the same. */
    public static SpeedSettings defaults() {
        return new SpeedSettings();
    }

    /** Tokens to read as one prompt; 0 leaves reading out. */
    public SpeedSettings prompt(int tokens) {
        atLeast(0, "prompt", tokens);
        return with(copy -> copy.prompt = tokens);
    }

    /** Tokens to read as one prompt; 0 leaves reading out. */
    public int prompt() {
        return prompt;
    }

    /** Tokens to write one by one; 0 leaves writing out. */
    public SpeedSettings generate(int tokens) {
        atLeast(0, "generate", tokens);
        return with(copy -> copy.generate = tokens);
    }

    /** Tokens to write one by one; 0 leaves writing out. */
    public int generate() {
        return generate;
    }

    /** Measurements of each test. */
    public SpeedSettings repetitions(int repetitions) {
        atLeast(1, "repetitions", repetitions);
        return with(copy -> copy.repetitions = repetitions);
    }

    /** Measurements of each test. */
    public int repetitions() {
        return repetitions;
    }

    /** How long each test runs, at least once, before it counts. */
    public SpeedSettings warmUpSeconds(int seconds) {
        atLeast(0, "warmUpSeconds", seconds);
        return with(copy -> copy.warmUpSeconds = seconds);
    }

    /** How long each test runs, at least once, before it counts. */
    public int warmUpSeconds() {
        return warmUpSeconds;
    }

    /** Of the tokens that are read and written. */
    public SpeedSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of the tokens that are read and written. */
    public long seed() {
        return seed;
    }

    @Override
    public Optional<String> complaint() {
        return prompt == 0 && generate == 0
                ? Optional.of("--prompt 0 with --generate 0 leaves nothing to measure")
                : Optional.empty();
    }
}
