package org.espalier.job.serve;

import java.util.List;
import java.util.stream.IntStream;
import org.espalier.backend.Sampling;
import org.espalier.model.Model;
import org.espalier.model.SharedCache;

/** {@link Decoding} by a model on its device. */
final class SharedDecoding implements Decoding {

    private final SharedCache cache;
    private final int vocabulary;
    private final boolean readsPromptsWhole;

    /** @throws org.espalier.error.Failure if there is no memory for so many rows */
    SharedDecoding(Model model, int rows) {
        this.cache = new SharedCache(model, rows);
        this.vocabulary = model.config().vocab();
        this.readsPromptsWhole = model.config().readsPromptsWhole();
    }

    @Override
    public int rows() {
        return cache.rows();
    }

    @Override
    public int vocabulary() {
        return vocabulary;
    }

    @Override
    public boolean readsPromptsWhole() {
        return readsPromptsWhole;
    }

    @Override
    public Next run(List<Part> parts) {
        return next(cache.run(parts.stream().map(SharedDecoding::part).toList()));
    }

    private static SharedCache.Part part(Part part) {
        int[] wanted = IntStream.range(part.wanted(), part.ids().length).toArray();
        return SharedCache.Part.open(part.row(), part.cached(), part.ids(), wanted);
    }

    private static Next next(SharedCache.Answers answers) {
        return new Next() {
            @Override
            public int best(int i) {
                return answers.best(i);
            }

            @Override
            public int sample(int i, Sampling sampling, int position) {
                return answers.sample(i, sampling, position);
            }

            @Override
            public float[] logits(int i) {
                return answers.logits(i);
            }
        };
    }

    @Override
    public void close() {
        cache.close();
    }
}
