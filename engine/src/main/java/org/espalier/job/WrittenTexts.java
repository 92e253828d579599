package org.espalier.job;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.espalier.model.DrawnTexts;
import org.espalier.text.Tokenizer;

/** Texts that an open model writes by itself. */
final class WrittenTexts {

    /** What a character of which only the first bytes were written decodes to. */
    private static final char INCOMPLETE = '\uFFFD';

    private final OpenModel open;
    private final Tokenizer tokenizer;
    private final WritingSettings settings;
    private final Listener listener;

    WrittenTexts(OpenModel open, Tokenizer tokenizer, WritingSettings settings, Listener listener) {
        this.open = open;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.listener = listener;
    }

    /**
     * Writes them.
     *
     * @param beginnings tokens of each
     * @param sink       gets the texts in order, the beginnings included, without a character that was cut off at the end
     */
    void write(List<int[]> beginnings, Consumer<String> sink) {
        writeIds(beginnings, ids -> sink.accept(text(ids)));
    }

    /** As above; {@code sink} gets tokens. */
    void writeIds(List<int[]> beginnings, Consumer<int[]> sink) {
        DrawnTexts texts = new DrawnTexts(
                open.model(),
                Set.copyOf(tokenizer.eosIds()),
                settings.sampling(),
                logits -> FiniteLogits.require(logits, open));
        long tokens = (long) beginnings.size() * settings.maxTokens();
        try (Progress progress = listener.begin("writing", "tokens", tokens)) {
            texts.write(beginnings, settings.maxTokens(), progress::advance, sink);
        }
    }

    private String text(int[] ids) {
        String text = tokenizer.decode(ids, true);
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == INCOMPLETE) {
            end--;
        }
        return text.substring(0, end);
    }
}
