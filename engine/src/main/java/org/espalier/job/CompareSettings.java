package org.espalier.job;

/** What models are compared by, each in the same way. */
public final class CompareSettings extends Settings<CompareSettings> {

    private Evaluation evaluation = Evaluation.NONE;
    private String prompt = "Once upon a time";
    private int maxTokens = 64;
    private int repetitions = 5;
    private long seed = SEED;

    private CompareSettings() {}

    /** By size, by what they write after a prompt, by memory, and by speed in five turns; no texts yet. */
    public static CompareSettings defaults() {
        return new CompareSettings();
    }

    /** Perplexities to measure. */
    public CompareSettings evaluation(Evaluation evaluation) {
        return with(copy -> copy.evaluation = evaluation);
    }

    /** Perplexities to measure. */
    public Evaluation evaluation() {
        return evaluation;
    }

    /** What each model continues, to be read side by side. */
    public CompareSettings prompt(String prompt) {
        return with(copy -> copy.prompt = prompt);
    }

    /** What each model continues. */
    public String prompt() {
        return prompt;
    }

    /** Tokens that each writes after it at most. */
    public CompareSettings maxTokens(int tokens) {
        atLeast(1, "maxTokens", tokens);
        return with(copy -> copy.maxTokens = tokens);
    }

    /** Tokens that each writes after it at most. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Turns in which speed is measured; 0 leaves speed and memory out. */
    public CompareSettings repetitions(int turns) {
        atLeast(0, "repetitions", turns);
        return with(copy -> copy.repetitions = turns);
    }

    /** Turns in which speed is measured; 0 leaves speed and memory out. */
    public int repetitions() {
        return repetitions;
    }

    /** Of the tokens that are read and written where speed is measured. */
    public CompareSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of the tokens that are read and written where speed is measured. */
    public long seed() {
        return seed;
    }
}
