package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.espalier.eval.TextFormat;
import org.espalier.file.Sha256;
import org.espalier.text.Tokenizer;

/**
 * How often texts use each token of a vocabulary.
 *
 * @param counts by id; −1 for a row of the model that no token has
 * @param tokens of the texts
 * @param sha256 of their files
 */
record TokenUses(long[] counts, long tokens, String sha256) {

    /** Fewer say little of what is rarely used. */
    private static final long ENOUGH = 1_000_000;

    /** Characters that are cut into tokens at once, and the rest of their line. */
    private static final int PIECE = 1 << 16;

    /**
     * Counts.
     *
     * @param model whose tokenizer reads the texts
     * @param files UTF-8 texts, which are read whole
     * @param vocab tokens that the model has rows for
     * @throws org.espalier.error.Failure if a file cannot be read, or there is no tokenizer
     */
    static TokenUses of(Path model, List<Path> files, int vocab, Listener listener) {
        long[] counts = new long[vocab];
        try (Tokenizer tokenizer = Tokenizer.open(model);
                Progress progress = listener.begin("counting tokens", "texts", files.size())) {
            Arrays.fill(counts, Math.min(vocab, tokenizer.vocabularySize()), vocab, -1);
            for (Path file : files) {
                count(
                        TextFormat.TEXT.readPlain(file, "write its texts to a text file, a row a line"),
                        tokenizer,
                        counts);
                progress.advance(1);
            }
        }
        long tokens = Arrays.stream(counts).filter(count -> count > 0).sum();
        if (tokens < ENOUGH) {
            listener.note(
                    "the texts have only %,d tokens: a million or more show better which are used".formatted(tokens));
        }
        return new TokenUses(counts, tokens, Sha256.ofFiles(files));
    }

    private static void count(String text, Tokenizer tokenizer, long[] counts) {
        int start = 0;
        while (start < text.length()) {
            int line = text.indexOf('\n', Math.min(text.length(), start + PIECE));
            int end = line < 0 ? text.length() : line + 1;
            for (int id : tokenizer.encode(text.substring(start, end), false)) {
                if (id < counts.length) {
                    counts[id]++;
                }
            }
            start = end;
        }
    }
}
