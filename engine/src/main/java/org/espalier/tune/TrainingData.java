package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.espalier.file.Closing;
import org.espalier.model.ModelConfig;

/** Samples to train on, and others that only show how training goes. */
public final class TrainingData implements AutoCloseable {

    /**
     * What was left out.
     *
     * @param empty   texts in which there is no answer
     * @param tooLong texts of which no answer is left after the cutoff
     * @param broken  records that are no texts
     */
    public record Skipped(int empty, int tooLong, int broken) {

        static final Skipped NONE = new Skipped(0, 0, 0);

        Skipped and(Skipped more) {
            return new Skipped(empty + more.empty, tooLong + more.tooLong, broken + more.broken);
        }
    }

    private final List<SampleOrder.Source> sources;
    private final Samples training;
    private final List<Sample> heldOut;
    private final SampleRecord record;
    private final Skipped skipped;
    private OptionalLong mostTokens = OptionalLong.empty();
    private OptionalInt packed = OptionalInt.empty();
    private int parts = 1;
    private List<Runnable> owned = List.of();

    /** @param record of all samples, those held out first */
    TrainingData(List<SampleOrder.Source> sources, List<Sample> heldOut, SampleRecord record, Skipped skipped) {
        this.sources = List.copyOf(sources);
        this.training =
                Samples.joined(sources.stream().map(SampleOrder.Source::samples).toList());
        this.heldOut = List.copyOf(heldOut);
        this.record = record;
        this.skipped = skipped;
    }

    /** Samples that are there already. */
    public static TrainingData of(List<Sample> training, List<Sample> heldOut) {
        SampleRecord record = new SampleRecord();
        heldOut.forEach(record::add);
        training.forEach(record::add);
        return new TrainingData(
                List.of(new SampleOrder.Source(Samples.of(training), 1)), heldOut, record, Skipped.NONE);
    }

    private TrainingData copy() {
        TrainingData copy = new TrainingData(sources, heldOut, record, skipped);
        copy.mostTokens = mostTokens;
        copy.packed = packed;
        copy.parts = parts;
        copy.owned = owned;
        return copy;
    }

    /** The same, of which no more tokens are trained on. */
    TrainingData atMost(OptionalLong tokens) {
        TrainingData copy = copy();
        copy.mostTokens = tokens;
        return copy;
    }

    /** The same, which closes what its samples are made from. */
    public TrainingData owning(List<Runnable> closings) {
        TrainingData copy = copy();
        copy.owned = Stream.concat(owned.stream(), closings.stream()).toList();
        return copy;
    }

    /**
     * The same, to be learned from in sequences of so many tokens: batch sizes count such sequences, which are filled with samples
     * that do not see each other.
     */
    public TrainingData packedInto(int tokens) {
        TrainingData copy = copy();
        copy.packed = OptionalInt.of(tokens);
        return copy;
    }

    /** The same of which only one of so many equal parts is trained on, drawn by the seed of the training. */
    public TrainingData partOf(int equalParts) {
        TrainingData copy = copy();
        copy.parts = equalParts;
        return copy;
    }

    /** Tokens of a sequence that is filled with samples; if empty, batch sizes count samples. */
    public OptionalInt packed() {
        return packed;
    }

    /** Tokens trained on at most, however often each is seen. */
    public OptionalLong mostTokens() {
        return mostTokens;
    }

    /** Samples to learn from, source by source. */
    public Samples training() {
        return training;
    }

    /** Samples from other texts. */
    public List<Sample> heldOut() {
        return heldOut;
    }

    /** What was left out. */
    public Skipped skipped() {
        return skipped;
    }

    /** Tokens of all samples trained on, each counted once. */
    public long tokens() {
        return training.tokens();
    }

    /** Tokens of all samples held out. */
    public long heldOutTokens() {
        return heldOut.stream().mapToLong(Sample::tokens).sum();
    }

    /** Which sample is seen when, each so often at most. */
    SampleOrder order(int epochs, long seed) {
        return new SampleOrder(sources, epochs, mostTokens, parts, seed);
    }

    /**
     * What a source gives to a training.
     *
     * @param samples of it, each counted once
     * @param tokens  trained on, each as often as it is seen
     */
    public record Given(int samples, long tokens) {}

    /** What each source gives to a training. */
    public List<Given> given(TuningSettings settings) {
        long[] tokens = order(settings.epochs(), settings.seed()).totals().tokens();
        List<Given> given = new ArrayList<>();
        for (int s = 0; s < tokens.length; s++) {
            given.add(new Given(sources.get(s).samples().size(), tokens[s]));
        }
        return given;
    }

    /** SHA-256 of every token that is read or predicted, in hexadecimal: equal data has equal ones. */
    public String sha256() {
        return record.hash(sources, heldOut.size());
    }

    /**
     * Makes sure that a model can read every sample.
     *
     * @throws org.espalier.error.Failure if one is too long for it, or has tokens that it does not know
     */
    void requireFor(ModelConfig model) {
        record.requireFor(model);
    }

    @Override
    public void close() {
        Closing.all(owned);
    }
}
