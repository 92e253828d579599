package org.espalier.job.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.format.Finite;
import org.espalier.job.serve.Decoding.Next;
import org.espalier.job.serve.Decoding.Part;

/** A sequence on its way through the model. */
final class Running {

    private final Sequence sequence;
    private final TokenSink sink;
    /** Its first row in the cache. */
    private int row;

    /** Tokens whose keys and values are in the cache. */
    private int cached;

    private int written;
    private int last;
    private boolean done;

    Running(Sequence sequence, TokenSink sink) {
        this.sequence = sequence;
        this.sink = sink;
    }

    Sequence sequence() {
        return sequence;
    }

    TokenSink sink() {
        return sink;
    }

    int row() {
        return row;
    }

    /** Whether nothing is left to do. */
    boolean done() {
        return done;
    }

    /** Begins at a row of the cache; a sequence of which nothing has to be read is done at once. */
    void begin(int firstRow) {
        row = firstRow;
        if (sequence.promptScored()) {
            sink.prompt(List.of(TokenScore.unscored(sequence.prompt()[0])));
        }
        if (sequence.toRead() == 0) {
            finish();
        }
    }

    /** Whether the prompt is read, so that each run adds one token. */
    boolean writing() {
        return cached >= sequence.toRead();
    }

    /**
     * What it takes in next.
     *
     * @param tokens of the prompt at most, at least one
     * @param places after which logits may be had, at least one
     */
    Part next(int tokens, int places) {
        if (writing()) {
            return new Part(row, cached, new int[] {last}, 0);
        }
        int most = sequence.promptScored() ? Math.min(tokens, places) : tokens;
        int end = Math.min(cached + most, sequence.toRead());
        int[] ids = Arrays.copyOfRange(sequence.prompt(), cached, end);
        boolean complete = end == sequence.toRead();
        return new Part(row, cached, ids, sequence.promptScored() ? 0 : complete ? ids.length - 1 : ids.length);
    }

    /** Takes what the model made of a part, whose places begin at the {@code place}-th of the run. */
    void advance(Part part, Next next, int place) {
        boolean reading = !writing();
        cached += part.ids().length;
        if (reading && sequence.promptScored()) {
            scorePrompt(part, next, place);
        }
        if (sequence.most() == 0 && writing()) {
            finish();
        } else if (writing()) {
            write(next, place + part.places() - 1);
        }
    }

    /** The logits after a token of the prompt say how likely the one behind it is. */
    private void scorePrompt(Part part, Next next, int place) {
        int first = part.cached() + 1;
        int count = Math.min(part.ids().length, sequence.prompt().length - first);
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(finite(next.logits(place + i)));
        }
        sink.prompt(IntStream.range(0, count)
                .parallel()
                .mapToObj(i -> score(rows.get(i), sequence.prompt()[first + i]))
                .toList());
    }

    private void write(Next next, int place) {
        int position = cached - 1;
        last = sequence.sampling().map(how -> next.sample(place, how, position)).orElseGet(() -> next.best(place));
        written++;
        boolean more = sink.token(
                sequence.alternatives().isPresent()
                        ? score(finite(next.logits(place)), last)
                        : TokenScore.unscored(last));
        boolean over = !more || written == sequence.most();
        // What is not finite once in a text stays so: the first and the last look are enough.
        if (written == 1 || over) {
            finite(next.logits(place));
        }
        if (over) {
            finish();
        }
    }

    private TokenScore score(float[] logits, int id) {
        return new LogProbabilities(logits).score(id, sequence.alternatives().orElse(0));
    }

    private static float[] finite(float[] logits) {
        if (!Finite.all(logits)) {
            throw new Failure(
                    "the model's logits are not all finite numbers",
                    "this request",
                    "check the model with engine generate, or compute in float32");
        }
        return logits;
    }

    private void finish() {
        done = true;
        sink.finished();
    }

    /** Ends it for a reason. */
    void fail(RuntimeException reason) {
        done = true;
        sink.failed(reason);
    }
}
