package org.espalier.report;

import java.util.Optional;

/** The measures that every run has, in the order of tables; files have keys of their own for them. */
public enum StandardMeasure {
    /** Numbers of a model that were learnt; tied ones counted once. */
    PARAMETERS("parameters", null, "parameters", Unit.COUNT, Direction.LESS),
    /** Multiplications and additions for one token. */
    MACS("macs_per_token", null, "MACs per token", Unit.OPERATIONS, Direction.LESS),
    /** The same of a pass over as many tokens as LLM-Pruner's table counts. */
    PASS_MACS("macs_64", null, "MACs of 64 tokens", Unit.OPERATIONS, Direction.LESS),
    /** The weights as stored. */
    WEIGHTS("weight_bytes", null, "weights", Unit.BYTES, Direction.LESS),
    /** In use: weights, and the most that caches, activations and scratch space take at once. */
    MEMORY("memory_bytes", null, "memory", Unit.BYTES, Direction.LESS),
    /** Time that a prompt takes to be read, all tokens at once. */
    LATENCY("latency_seconds", "latency_ratio", "latency", Unit.SECONDS, Direction.LESS),
    /** Speed of reading a prompt, all tokens at once. */
    PREFILL("prefill_tokens_per_second", "prefill_ratio", "prefill", Unit.TOKENS_PER_SECOND, Direction.MORE),
    /** Speed of writing, token by token. */
    DECODE("decode_tokens_per_second", "decode_ratio", "decode", Unit.TOKENS_PER_SECOND, Direction.MORE),
    /** Mean loss on samples that were not trained on. */
    HELD_OUT_LOSS("held_out_loss", null, "held-out loss", Unit.NATS, Direction.LESS);

    private final String key;
    private final String ratioKey;
    private final String label;
    private final Unit unit;
    private final Direction direction;

    StandardMeasure(String key, String ratioKey, String label, Unit unit, Direction direction) {
        this.key = key;
        this.ratioKey = ratioKey;
        this.label = label;
        this.unit = unit;
        this.direction = direction;
    }

    /** The measure of one model. */
    public Measure of(Number value, String protocol) {
        return new Measure(label, value == null ? null : value.doubleValue(), unit, direction, protocol);
    }

    /** As above, where nothing is to be said of how it was measured. */
    public Measure of(Number value) {
        return of(value, "");
    }

    /** The key of a file under which its values stand. */
    String key() {
        return key;
    }

    /** The key of a file under which ratios to the first model stand, if this can have one. */
    Optional<String> ratioKey() {
        return Optional.ofNullable(ratioKey);
    }

    boolean is(Measure measure) {
        return is(measure.name(), measure.unit(), measure.direction());
    }

    boolean is(String name, Unit counted, Direction better) {
        return label.equals(name) && unit == counted && direction == better;
    }
}
