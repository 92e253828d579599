package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import org.espalier.backend.Sampling;
import org.espalier.error.Failure;

/** Which continuations show how well a model writes. */
public final class GenerationSettings extends Settings<GenerationSettings> {

    /** Beginnings of many kinds of text. */
    private static final List<String> PROMPTS = List.of(
            "Once upon a time",
            "The first thing I noticed was",
            "Scientists have discovered",
            "In the beginning of the nineteenth century,",
            "The recipe is simple:",
            "She opened the door and",
            "To solve this problem, we first",
            "The city is known for",
            "My favourite book is",
            "The government announced on Monday",
            "Water boils when",
            "Dear Sir or Madam,",
            "The team won the match",
            "A good teacher should",
            "If you want to learn a language,",
            "The main difference between cats and dogs is");

    private List<String> prompts = PROMPTS;
    private int maxTokens = 128;
    private double temperature = 1;
    private int topK = 50;
    private double topP = 0.95;
    private long seed = SEED;
    private MemorySettings memory = MemorySettings.defaults();

    private GenerationSettings() {}

    /** Sixteen beginnings, each continued by 128 tokens at most, drawn as LLM-Pruner's own test does: top-k 50, top-p 0.95. */
    public static GenerationSettings defaults() {
        return new GenerationSettings();
    }

    /**
     * Prompts of a file, one a line; blank lines do not count.
     *
     * @throws Failure if it cannot be read, or has none
     */
    public GenerationSettings prompts(Path file) {
        List<String> lines = PromptFile.read(file);
        return with(copy -> copy.prompts = lines);
    }

    /** What is continued. */
    public List<String> prompts() {
        return prompts;
    }

    /** Tokens of a continuation at most; fewer where the context ends. */
    public GenerationSettings maxTokens(int tokens) {
        atLeast(1, "maxTokens", tokens);
        return with(copy -> copy.maxTokens = tokens);
    }

    /** Tokens of a continuation at most. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Divides the logits before a token is drawn. */
    public GenerationSettings temperature(double temperature) {
        within(Double.MIN_VALUE, Float.MAX_VALUE, "temperature", temperature);
        return with(copy -> copy.temperature = temperature);
    }

    /** Divides the logits before a token is drawn. */
    public double temperature() {
        return temperature;
    }

    /** So many likeliest tokens are drawn from; 0 for all. */
    public GenerationSettings topK(int tokens) {
        atLeast(0, "topK", tokens);
        return with(copy -> copy.topK = tokens);
    }

    /** So many likeliest tokens are drawn from; 0 for all. */
    public int topK() {
        return topK;
    }

    /** The likeliest tokens of this probability together are drawn from; above 0, at most 1. */
    public GenerationSettings topP(double probability) {
        within(Double.MIN_VALUE, 1, "topP", probability);
        return with(copy -> copy.topP = probability);
    }

    /** The likeliest tokens of this probability together are drawn from. */
    public double topP() {
        return topP;
    }

    /** Equal seeds give equal continuations; each prompt has one of its own, counted from this on. */
    public GenerationSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** The first prompt's. */
    public long seed() {
        return seed;
    }

    /** Memory for a reference that is gone through layer by layer. */
    public GenerationSettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    MemorySettings memory() {
        return memory;
    }

    Sampling sampling(int prompt) {
        return new Sampling(temperature, topK, topP, seed + prompt);
    }
}
