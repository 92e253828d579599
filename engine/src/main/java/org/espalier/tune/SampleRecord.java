package org.espalier.tune;

import java.util.Arrays;
import java.util.List;
import org.espalier.file.Sha256;
import org.espalier.model.ModelConfig;
import org.espalier.model.Scorer;

/** What is kept of samples that have been seen once: by what they are known again, and what they ask of a model. */
final class SampleRecord {

    private final Sha256.Numbers numbers = new Sha256.Numbers();
    private int longest;
    private int highest;
    private String hash;

    void add(Sample sample) {
        numbers.add(sample.ids());
        numbers.add(sample.targets());
        longest = Math.max(longest, sample.tokens());
        for (int id : sample.ids()) {
            highest = Math.max(highest, id);
        }
    }

    /** SHA-256 of all tokens that were read or predicted, and of how many samples and what share each source has. */
    String hash(List<SampleOrder.Source> sources, int heldOut) {
        if (hash == null) {
            numbers.add(heldOut);
            sources.forEach(s -> numbers.add(s.samples().size(), Float.floatToIntBits((float) s.share())));
            hash = numbers.hash();
        }
        return hash;
    }

    /** @throws org.espalier.error.Failure if a sample is too long for a model, or has tokens that it does not know */
    void requireFor(ModelConfig model) {
        int[] extreme = new int[longest];
        Arrays.fill(extreme, highest);
        Scorer.check(model, extreme);
    }
}
