package org.espalier.tune;

/** Samples that were drawn from texts, made from these again when they are asked for; of each two numbers are kept. */
final class DrawnSamples extends Samples implements AutoCloseable {

    private final Examples examples;
    private final Encoder encoder;
    private final TokenSpool spool;
    /** Numbers of texts that gave one sample; of those that gave more, {@code -1 - n} for sample n of the spool. */
    private final IntTable places = new IntTable();

    private final IntTable lengths = new IntTable();
    private long tokens;

    DrawnSamples(Examples examples, Encoder encoder) {
        this.examples = examples;
        this.encoder = encoder;
        spool = new TokenSpool(encoder.longest());
    }

    /**
     * Adds a sample.
     *
     * @param text that it is from
     * @param only whether it is the only one of that text
     */
    void add(Sample sample, int text, boolean only) {
        places.add(only ? text : -1 - spool.add(sample));
        lengths.add(sample.tokens());
        tokens += sample.tokens();
    }

    @Override
    public Sample get(int index) {
        int place = places.get(index);
        return place < 0
                ? spool.get(-1 - place, lengths.get(index))
                : encoder.samples(examples.get(place)).getFirst();
    }

    @Override
    public int size() {
        return places.size();
    }

    @Override
    int tokens(int index) {
        return lengths.get(index);
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public void close() {
        spool.close();
    }
}
