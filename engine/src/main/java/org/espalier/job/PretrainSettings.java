package org.espalier.job;

import java.util.Optional;

/** A small model that is trained from nothing on generated stories: its sizes, and for how long. */
public final class PretrainSettings extends Settings<PretrainSettings> {

    /** The smallest vocabulary: two special tokens and every byte. */
    public static final int LEAST_VOCABULARY = 258;

    private int steps = 1500;
    private int batchTokens = 2048;
    private double learningRate = 4e-3;
    private int layers = 6;
    private int hidden = 128;
    private int heads = 8;
    private int kvHeads = 4;
    private int intermediate = 384;
    private int vocabulary = 640;
    private long seed = SEED;

    private PretrainSettings() {}

    /** Those of the model that comes with the library. */
    public static PretrainSettings defaults() {
        return new PretrainSettings();
    }

    /** Updates. */
    public PretrainSettings steps(int steps) {
        atLeast(1, "steps", steps);
        return with(copy -> copy.steps = steps);
    }

    /** Updates. */
    public int steps() {
        return steps;
    }

    /** Tokens of an update. */
    public PretrainSettings batchTokens(int batchTokens) {
        atLeast(1, "batchTokens", batchTokens);
        return with(copy -> copy.batchTokens = batchTokens);
    }

    /** Tokens of an update. */
    public int batchTokens() {
        return batchTokens;
    }

    /** The highest learning rate. */
    public PretrainSettings learningRate(double learningRate) {
        aboveZero("learningRate", learningRate);
        return with(copy -> copy.learningRate = learningRate);
    }

    /** The highest learning rate. */
    public double learningRate() {
        return learningRate;
    }

    /** Layers. */
    public PretrainSettings layers(int layers) {
        atLeast(1, "layers", layers);
        return with(copy -> copy.layers = layers);
    }

    /** Layers. */
    public int layers() {
        return layers;
    }

    /** Channels of the residual stream: the query heads times an even number. */
    public PretrainSettings hidden(int hidden) {
        atLeast(1, "hidden", hidden);
        return with(copy -> copy.hidden = hidden);
    }

    /** Channels of the residual stream: the query heads times an even number. */
    public int hidden() {
        return hidden;
    }

    /** Query heads: a multiple of the key/value heads. */
    public PretrainSettings heads(int heads) {
        atLeast(1, "heads", heads);
        return with(copy -> copy.heads = heads);
    }

    /** Query heads: a multiple of the key/value heads. */
    public int heads() {
        return heads;
    }

    /** Key/value heads. */
    public PretrainSettings kvHeads(int kvHeads) {
        atLeast(1, "kvHeads", kvHeads);
        return with(copy -> copy.kvHeads = kvHeads);
    }

    /** Key/value heads. */
    public int kvHeads() {
        return kvHeads;
    }

    /** Neurons of an MLP. */
    public PretrainSettings intermediate(int intermediate) {
        atLeast(1, "intermediate", intermediate);
        return with(copy -> copy.intermediate = intermediate);
    }

    /** Neurons of an MLP. */
    public int intermediate() {
        return intermediate;
    }

    /** Tokens of the tokenizer, at least 258. */
    public PretrainSettings vocabulary(int vocabulary) {
        atLeast(1, "vocabulary", vocabulary);
        return with(copy -> copy.vocabulary = vocabulary);
    }

    /** Tokens of the tokenizer, at least 258. */
    public int vocabulary() {
        return vocabulary;
    }

    /** Of stories and weights. */
    public PretrainSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of stories and weights. */
    public long seed() {
        return seed;
    }

    @Override
    public Optional<String> complaint() {
        if (hidden % heads != 0 || hidden / heads % 2 != 0 || heads % kvHeads != 0) {
            return Optional.of("--hidden must be --heads times an even number, and --heads a multiple of --kv-heads");
        }
        return vocabulary < LEAST_VOCABULARY
                ? Optional.of("--vocab must be at least " + LEAST_VOCABULARY + ": two special tokens and every byte")
                : Optional.empty();
    }
}
