package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.espalier.file.Sha256;
import org.espalier.model.ModelConfig;
import org.espalier.model.Scorer;

/** Samples to train on, and others that only show how training goes. */
public final class TrainingData {

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
    private final OptionalLong mostTokens;
    private final OptionalInt packed;
    private final int parts;
    private final Skipped skipped;

    TrainingData(List<SampleOrder.Source> sources, List<Sample> heldOut, OptionalLong mostTokens, Skipped skipped) {
        this(sources, heldOut, mostTokens, skipped, OptionalInt.empty(), 1);
    }

    private TrainingData(
            List<SampleOrder.Source> sources,
            List<Sample> heldOut,
            OptionalLong mostTokens,
            Skipped skipped,
            OptionalInt packed,
            int parts) {
        this.sources = List.copyOf(sources);
        this.training =
                Samples.joined(sources.stream().map(SampleOrder.Source::samples).toList());
        this.heldOut = List.copyOf(heldOut);
        this.mostTokens = mostTokens;
        this.skipped = skipped;
        this.packed = packed;
        this.parts = parts;
    }

    /** Samples that are there already. */
    public static TrainingData of(List<Sample> training, List<Sample> heldOut) {
        return new TrainingData(
                List.of(new SampleOrder.Source(Samples.of(training), 1)), heldOut, OptionalLong.empty(), Skipped.NONE);
    }

    /**
     * The same, to be learned from in sequences of so many tokens: batch sizes count such sequences, which are filled with samples
     * that do not see each other.
     */
    public TrainingData packedInto(int tokens) {
        return new TrainingData(sources, heldOut, mostTokens, skipped, OptionalInt.of(tokens), parts);
    }

    /** The same of which only one of so many equal parts is trained on, drawn by the seed of the training. */
    public TrainingData partOf(int equalParts) {
        return new TrainingData(sources, heldOut, mostTokens, skipped, packed, equalParts);
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
        Stream<int[]> shares = sources.size() == 1
                ? Stream.empty()
                : sources.stream().map(source ->
                        new int[] {source.samples().size(), Float.floatToIntBits((float) source.share())});
        return Sha256.ofNumbers(Stream.of(
                        // The count tells which are held out.
                        Stream.of(new int[] {training.size()}),
                        shares,
                        Stream.concat(training.stream(), heldOut.stream())
                                .flatMap(sample -> Stream.of(sample.ids(), sample.targets())))
                .flatMap(rows -> rows)
                .toList());
    }

    /**
     * Makes sure that a model can read every sample.
     *
     * @throws org.espalier.error.Failure if one is too long for it, or has tokens that it does not know
     */
    void requireFor(ModelConfig model) {
        training.forEach(s -> Scorer.check(model, s.ids()));
        heldOut.forEach(s -> Scorer.check(model, s.ids()));
    }
}
