package org.espalier.job;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.error.Failure;
import org.espalier.model.Continuation;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.model.ContinuationScorer;
import org.espalier.model.LayerwiseScorer;
import org.espalier.tape.Observer;
import org.espalier.task.Answer;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.text.Tokenizer;

/**
 * Has a model answer questions. One that memory, or a GPU's, does not hold with ease is gone through layer by layer, with many
 * questions at once; what these share is computed for each of them then.
 */
final class AnswerMeter implements AutoCloseable {

    /** Questions whose texts are computed together. Answers depend on it to rounding, so that it is the same for every run. */
    static final int TOGETHER = 64;

    /** The most that keys and values take, of what there is. */
    private static final long CACHE_BYTES = 1L << 30;

    private final OpenModel open;
    private final MemorySettings memory;
    private final boolean byLayers;
    private final Tokenizer tokenizer;
    private final ContinuationScorer scorer;
    private final long cache;
    private final Optional<Shared> shared;

    /** A meter of an open model, which reads texts by its own tokenizer. */
    AnswerMeter(OpenModel open, Tokenizer tokenizer, MemorySettings memory) {
        this(open, tokenizer, memory, Optional.empty());
    }

    /** As above, with those who compute its answers where that is not this process. */
    AnswerMeter(OpenModel open, Tokenizer tokenizer, MemorySettings memory, Optional<Shared> shared) {
        this(
                open,
                tokenizer,
                memory,
                open.outgrowsMemory() || !open.model().weights().resident(),
                shared);
    }

    AnswerMeter(OpenModel open, Tokenizer tokenizer, MemorySettings memory, boolean byLayers) {
        this(open, tokenizer, memory, byLayers, Optional.empty());
    }

    private AnswerMeter(
            OpenModel open, Tokenizer tokenizer, MemorySettings memory, boolean byLayers, Optional<Shared> shared) {
        this.open = open;
        this.memory = memory;
        this.byLayers = byLayers;
        this.tokenizer = tokenizer;
        this.cache = Math.min(CACHE_BYTES, memory.bytes() / 4);
        this.shared = shared;
        this.scorer = new ContinuationScorer(open.model(), cache);
    }

    /** Questions that are best answered together. */
    int together() {
        return byLayers ? 16 * TOGETHER : TOGETHER;
    }

    /**
     * The model's answers to all questions of a task.
     *
     * @param known answers to the first questions, as far as they are known
     * @param done  gets further answers, some at a time
     */
    List<Answer> answers(Task task, List<Question> questions, List<Answer> known, Consumer<List<Answer>> done) {
        List<Answer> answers = new ArrayList<>(known);
        Deque<List<Question>> parts = parts(questions.subList(known.size(), questions.size()));
        List<Continuation[]> texts =
                parts.stream().map(part -> texts(task, part)).toList();
        compute(texts, likelihoods -> {
            List<Answer> more = answers(task, parts.remove(), likelihoods);
            done.accept(more);
            answers.addAll(more);
        });
        return answers;
    }

    private Deque<List<Question>> parts(List<Question> questions) {
        Deque<List<Question>> parts = new ArrayDeque<>();
        for (int start = 0; start < questions.size(); start += together()) {
            parts.add(questions.subList(start, Math.min(questions.size(), start + together())));
        }
        return parts;
    }

    private void compute(List<Continuation[]> parts, Consumer<List<Likelihood>> sink) {
        if (shared.isPresent()) {
            shared.get()
                    .compute(
                            "answers",
                            place -> new LikelihoodWork(place, byLayers, cache),
                            parts,
                            part -> sink.accept(List.of(part)));
            return;
        }
        for (Continuation[] part : parts) {
            List<Continuation> texts = List.of(part);
            sink.accept(byLayers ? layerByLayer(texts) : scorer.likelihoods(texts));
        }
    }

    private Continuation[] texts(Task task, List<Question> questions) {
        List<Continuation> texts = new ArrayList<>();
        for (Question question : questions) {
            for (int choice = 0; choice < question.continuations().size(); choice++) {
                texts.add(text(task, question, choice));
            }
        }
        return texts.toArray(Continuation[]::new);
    }

    private List<Answer> answers(Task task, List<Question> questions, List<Likelihood> likelihoods) {
        double[] sums =
                likelihoods.stream().mapToDouble(Likelihood::logLikelihood).toArray();
        FiniteLogits.require(sums, open);
        List<Answer> answers = new ArrayList<>();
        int text = 0;
        for (Question question : questions) {
            int end = text + question.continuations().size();
            answers.add(Answer.of(task, question, likelihoods.subList(text, end)));
            text = end;
        }
        return answers;
    }

    private Continuation text(Task task, Question question, int choice) {
        String end = question.continuations().get(choice);
        int positions = open.model().config().maxPositions();
        return task.harness()
                .continuation(tokenizer, question.context(choice), end, positions)
                .orElseThrow(() -> new Failure(
                        "choice " + (choice + 1) + " of the question, '" + end + "', has no token of its own",
                        question.place(),
                        "write a choice there, or leave the question out"));
    }

    private List<Likelihood> layerByLayer(List<Continuation> texts) {
        return new LayerwiseScorer(open.model(), memory.bytes(), memory.scratch(), Observer.NONE).likelihoods(texts);
    }

    @Override
    public void close() {
        scorer.close();
    }
}
