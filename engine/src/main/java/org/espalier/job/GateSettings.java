package org.espalier.job;

/** How long and how fast gates are learned. */
public final class GateSettings extends Settings<GateSettings> {

    private long tokens = 131_072;
    private double rate = 0.02;

    private GateSettings() {}

    /** On 131,072 tokens. */
    public static GateSettings defaults() {
        return new GateSettings();
    }

    /** Tokens of calibration text, seen as often as it takes. */
    public GateSettings tokens(long tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("tokens is " + tokens + ", and must be 1 or more");
        }
        return with(copy -> copy.tokens = tokens);
    }

    /** Tokens of calibration text. */
    public long tokens() {
        return tokens;
    }

    /** The highest learning rate; the numbers of all units lie evenly between -1.73 and 1.73 in the beginning. */
    public GateSettings rate(double rate) {
        aboveZero("rate", rate);
        return with(copy -> copy.rate = rate);
    }

    /** The highest learning rate. */
    public double rate() {
        return rate;
    }
}
