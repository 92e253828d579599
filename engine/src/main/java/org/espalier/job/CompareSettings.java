package org.espalier.job;

import java.util.List;
import java.util.Optional;

/** What models are compared by, each in the same way. */
public final class CompareSettings extends Settings<CompareSettings> {

    private Evaluation evaluation = Evaluation.NONE;
    private List<String> prompts = List.of("Once upon a time", "The capital of France is", "The recipe is simple:");
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

    /** What each model continues, to be read side by side: one prompt. */
    public CompareSettings prompt(String prompt) {
        return prompts(List.of(prompt));
    }

    /** What each model continues, to be read side by side: at least one prompt, each of which is there once. */
    public CompareSettings prompts(List<String> prompts) {
        return with(copy -> copy.prompts = prompts.stream().distinct().toList());
    }

    /** What each model continues. */
    public List<String> prompts() {
        return prompts;
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

    @Override
    public Optional<String> complaint() {
        return prompts.isEmpty() ? Optional.of("there is no prompt for the models to continue") : Optional.empty();
    }
}
