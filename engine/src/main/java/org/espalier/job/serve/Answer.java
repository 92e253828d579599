package org.espalier.job.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.espalier.job.TextStream;
import org.espalier.job.TokenTexts;
import org.espalier.job.serve.AnswerListener.Placed;
import org.espalier.text.Tokenizer;

/** Turns the tokens of a sequence into an answer: text that ends before a stop string, and the tokens that it consists of. */
final class Answer implements TokenSink {

    private final Question question;
    private final Set<Integer> ends;
    private final TokenTexts texts;
    private final AnswerListener listener;
    private final BooleanSupplier cancelled;

    private final TextStream stream;
    private final StopScan scan;
    private final List<TokenScore> promptScores = new ArrayList<>();
    /** New tokens whose text was not given to the listener yet. */
    private final Deque<Pending> pending = new ArrayDeque<>();

    private final StringBuilder certain = new StringBuilder();
    private int promptLength;
    /** New text that the stream is sure of, and that went to the listener. */
    private int decoded;

    private int released;
    private int written;
    private boolean begun;
    private boolean ended;

    private record Pending(TokenScore score, int start, int end) {}

    Answer(
            Question question,
            Tokenizer tokenizer,
            TokenTexts texts,
            AnswerListener listener,
            BooleanSupplier cancelled) {
        this.question = question;
        this.ends = Set.copyOf(tokenizer.eosIds());
        this.texts = texts;
        this.listener = listener;
        this.cancelled = cancelled;
        this.stream = new TextStream(tokenizer, question.prompt(), this::decoded);
        this.scan = new StopScan(question.stops());
    }

    @Override
    public void prompt(List<TokenScore> tokens) {
        promptScores.addAll(tokens);
    }

    @Override
    public boolean token(TokenScore token) {
        begin();
        written++;
        int start = decoded;
        ended = ends.contains(token.id());
        if (!ended) {
            stream.add(token.id());
        }
        pending.add(new Pending(token, start, decoded));
        release(false);
        return !ended && !scan.stopped();
    }

    @Override
    public void finished() {
        begin();
        if (!scan.stopped()) {
            stream.finish();
        }
        certain.append(scan.finish());
        release(true);
        listener.finished(ended || scan.stopped(), written);
    }

    @Override
    public void failed(RuntimeException reason) {
        listener.failed(reason);
    }

    @Override
    public boolean cancelled() {
        return cancelled.getAsBoolean();
    }

    private void decoded(String piece) {
        decoded += piece.length();
        certain.append(scan.add(piece));
    }

    private void begin() {
        if (!begun) {
            begun = true;
            question.echo().ifPresent(this::echo);
        }
    }

    private void echo(String prompt) {
        promptLength = prompt.length();
        List<Placed> tokens = new ArrayList<>();
        int offset = 0;
        for (TokenScore score : promptScores) {
            tokens.add(new Placed(score, Math.min(offset, promptLength)));
            offset += texts.length(score.id());
        }
        listener.piece(prompt, tokens);
    }

    private void release(boolean over) {
        String text = certain.toString();
        certain.setLength(0);
        released += text.length();
        List<Placed> tokens = new ArrayList<>();
        while (!pending.isEmpty() && mayGo(pending.getFirst(), over)) {
            Pending token = pending.removeFirst();
            tokens.add(new Placed(token.score, promptLength + token.start));
        }
        if (!text.isEmpty() || question.alternatives().isPresent() && !tokens.isEmpty()) {
            listener.piece(text, question.alternatives().isPresent() ? tokens : List.of());
        }
    }

    /** Tokens go with the last of their text; of those that a stop string cuts, the ones with some text left. */
    private boolean mayGo(Pending token, boolean over) {
        if (scan.stopped()) {
            return token.start < released;
        }
        return over || token.end <= released;
    }
}
