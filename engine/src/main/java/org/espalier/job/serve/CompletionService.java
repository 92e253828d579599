package org.espalier.job.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.espalier.backend.OwnMemory;
import org.espalier.error.Failure;
import org.espalier.file.Closing;
import org.espalier.job.Engine;
import org.espalier.job.Machine;
import org.espalier.job.OpenModel;
import org.espalier.job.ServeSettings;
import org.espalier.job.TokenTexts;
import org.espalier.model.Model;
import org.espalier.model.SharedCache;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;

/** An open model that continues many texts at once. May be used by several threads. */
public final class CompletionService implements AutoCloseable {

    /** Part of the memory that nobody uses, which the cache may take. */
    private static final int CACHE_SHARE = 2;

    private final Path path;
    private final Tokenizer tokenizer;
    private final OpenModel open;
    private final Decoding decoding;
    private final Scheduler scheduler;
    private final TokenTexts texts;
    private final int context;

    private CompletionService(
            Path path, Tokenizer tokenizer, OpenModel open, Decoding decoding, ServeSettings settings, int context) {
        this.path = path;
        this.tokenizer = tokenizer;
        this.open = open;
        this.decoding = decoding;
        this.context = context;
        this.texts = new TokenTexts(tokenizer);
        this.scheduler = new Scheduler(decoding, settings.together(), settings.queue());
    }

    /**
     * Opens a model, its tokenizer and a cache.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @throws Failure if one of them cannot be opened, or there is no memory for the cache
     */
    public static CompletionService open(Engine engine, Path model, Optional<Path> adapter, ServeSettings settings) {
        List<Runnable> opened = new ArrayList<>();
        try {
            Tokenizer tokenizer = Tokenizer.open(model);
            opened.addFirst(tokenizer::close);
            OpenModel open = engine.open(model, adapter);
            opened.addFirst(open::close);
            int context = settings.contextWithin(open.model().config().steadyContext());
            Decoding decoding = new SharedDecoding(open.model(), rows(open.model(), context, settings));
            opened.addFirst(decoding::close);
            return new CompletionService(
                    model, tokenizer, open, decoding, settings, Math.min(context, decoding.rows()));
        } catch (RuntimeException | Error e) {
            try {
                Closing.all(opened);
            } catch (RuntimeException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    /** As many as are asked for; else whole contexts for all, as far as they take no more than a part of the free memory. */
    private static int rows(Model model, int context, ServeSettings settings) {
        if (settings.cacheTokens().isPresent()) {
            return settings.cacheTokens().getAsInt();
        }
        long each = SharedCache.bytes(model, 1);
        long free = model.backend().ownMemory().map(OwnMemory::free).orElseGet(() -> Machine.memoryAvailable());
        long fit = free <= 0 ? context : free / CACHE_SHARE / Math.max(1, each);
        long wanted = (long) settings.together() * context;
        return Math.clamp(Math.min(wanted, fit), 1, Integer.MAX_VALUE / 2);
    }

    /** Tokens of prompt and answer together at most. */
    public int context() {
        return context;
    }

    /** The tokens of a text, with what the tokenizer puts around it. */
    public int[] encode(String text) {
        return tokenizer.encode(text, true);
    }

    /**
     * The tokens of a conversation that awaits an answer.
     *
     * @param document what the chat template sees: {@code messages} and whatever else it reads
     * @throws Failure if the model has no chat template, or it refuses the conversation
     */
    public int[] encode(ObjectNode document) {
        return tokenizer.encode(ChatTemplate.of(tokenizer, path).render(document), false);
    }

    /** The text of tokens; special ones are no part of it. */
    public String text(int[] ids) {
        return tokenizer.decode(ids, true);
    }

    /** What single tokens look like. */
    public TokenTexts texts() {
        return texts;
    }

    /** Whether the model has a token of this number. */
    public boolean knows(int id) {
        return id >= 0 && id < decoding.vocabulary();
    }

    /**
     * Queues questions of one request, all or none.
     *
     * @param listeners makes the listener of the question with this index
     * @param cancelled whether nobody waits for the answers any more; asked again and again
     * @throws Refused if too many wait, or the service is being closed
     * @throws IllegalArgumentException if a question is longer than {@link #context}
     */
    public void submit(List<Question> questions, IntFunction<AnswerListener> listeners, BooleanSupplier cancelled) {
        List<Running> sequences = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            Question question = questions.get(i);
            if ((long) question.prompt().length + question.most() > context || question.prompt().length == 0) {
                throw new IllegalArgumentException(question.prompt().length + " tokens of prompt and " + question.most()
                        + " new ones in a context of " + context);
            }
            Answer answer = new Answer(question, tokenizer, texts, listeners.apply(i), cancelled);
            sequences.add(new Running(question.sequence(), answer));
        }
        scheduler.submit(sequences);
    }

    /** Takes nothing in any more and waits until all is answered, or the time is over. */
    public void drain(Duration time) {
        scheduler.drain(time);
    }

    /** Waits until the service ends; returns the error that ended it, if it was not closed. */
    public Optional<Throwable> await() throws InterruptedException {
        return scheduler.await();
    }

    /** Cuts off what is not answered yet. */
    @Override
    public void close() {
        Closing.all(List.of(scheduler::close, decoding::close, open::close, tokenizer::close));
    }
}
