package org.espalier.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    private final Optional<Shared> shared;

    WrittenTexts(OpenModel open, Tokenizer tokenizer, WritingSettings settings, Listener listener) {
        this(open, tokenizer, settings, listener, Optional.empty());
    }

    /** As above, with those who write where that is not this process. */
    WrittenTexts(
            OpenModel open, Tokenizer tokenizer, WritingSettings settings, Listener listener, Optional<Shared> shared) {
        this.shared = shared;
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
        if (shared.isPresent()) {
            byWorkers(beginnings, sink);
            return;
        }
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

    private void byWorkers(List<int[]> beginnings, Consumer<int[]> sink) {
        List<WritingWork.Beginnings> parts = new ArrayList<>();
        for (int first = 0; first < beginnings.size(); first += DrawnTexts.TOGETHER) {
            int end = Math.min(beginnings.size(), first + DrawnTexts.TOGETHER);
            parts.add(new WritingWork.Beginnings(
                    first, beginnings.subList(first, end).toArray(int[][]::new)));
        }
        try (Progress progress = listener.begin("writing", "texts", beginnings.size())) {
            shared.get()
                    .compute(
                            "writing",
                            place -> new WritingWork(
                                    place, settings.temperature(), settings.seed(), settings.maxTokens()),
                            parts,
                            texts -> {
                                List.of(texts).forEach(sink);
                                progress.advance(texts.length);
                            });
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
