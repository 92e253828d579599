package org.espalier.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sampling;
import org.espalier.backend.Sequences;
import org.espalier.error.Failure;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Continues one text token by token, keeping keys and values of what it has seen. The operations are those of every other
 * run; only the rows are fewer. The work of a single token is the same for every token, so a device that can repeats it
 * as one piece.
 */
public final class Generator implements AutoCloseable {

    /** Tokens of a prompt computed at once. */
    private static final int PREFILL_TOKENS = 512;

    private final Model model;
    private final Backend backend;
    private final int capacity;
    private final Map<String, Tensor> cache = new HashMap<>();
    private final Map<Integer, Pass> passes = new HashMap<>();
    private final Optional<Sampling> sampling;
    private final Tensor chosen;
    private int length;
    private Opening opening = Opening.NONE;
    /** The tokens seen so far. */
    private final int[] seen;
    /** Whether they are more than those for which the usual positions hold. */
    private boolean beyond;

    private Pass last;

    /** What runs for so many tokens at once; the step gives the logits and {@link #chosen}. */
    private record Pass(Recording recording, Executor executor, Repeat step) implements AutoCloseable {

        @Override
        public void close() {
            step.close();
            executor.close();
        }
    }

    /** Takes the likeliest token each time, the lowest id of equals. */
    public Generator(Model model, int capacity) {
        this(model, capacity, Optional.empty());
    }

    /**
     * @param capacity most tokens of prompt and continuation together
     * @param sampling how the next token is drawn; without it the likeliest is taken
     * @throws Failure if the capacity is beyond the model's context, or if there is no memory for the cache
     */
    public Generator(Model model, int capacity, Optional<Sampling> sampling) {
        if (capacity < 1 || capacity > model.config().maxPositions()) {
            throw new Failure(
                    capacity + " tokens of prompt and continuation do not fit the model's context",
                    "1 to " + model.config().maxPositions() + " positions",
                    "use a shorter prompt or fewer new tokens");
        }
        this.model = model;
        this.backend = model.backend();
        this.capacity = capacity;
        this.sampling = sampling;
        this.seen = new int[capacity];
        this.chosen = backend.allocate(DType.I32, Shape.of(1), "chosen token");
        for (Value state : model.transformer().cached(1, 1, capacity).tape().leaves(Value.Role.STATE)) {
            cache.put(state.name(), backend.allocate(backend.computeType(), state.shape(), "cache " + state.name()));
        }
    }

    /** Tokens seen so far. */
    public int length() {
        return length;
    }

    /** Forgets everything after the first {@code tokens} tokens. */
    public void rewind(int tokens) {
        if (tokens < 0 || tokens > length || tokens > 0 && tokens < opening.prompt()) {
            throw new IllegalArgumentException("rewind to " + tokens + " of " + length + " tokens");
        }
        length = tokens;
    }

    /** Takes in {@code ids} and returns the next token. What is drawn for it follows from its position alone. */
    public int next(int... ids) {
        Pass pass = append(ids);
        return HostCopy.readInts(backend, pass.executor.queue(), chosen)[0];
    }

    /** Takes in {@code ids} and returns the logits of the next token, {@code [V]}. */
    public float[] logits(int... ids) {
        Pass pass = append(ids);
        return pass.executor.readFloats(pass.recording.logits());
    }

    /**
     * The logits that the last token was chosen by, {@code [V]}. What is not finite once in a text stays so: keys and values
     * are kept.
     */
    public float[] lastLogits() {
        return last.executor.readFloats(last.recording.logits());
    }

    /** Why a device that could take every token's work as one piece is given it operation by operation, if it is so. */
    public Optional<String> refusal() {
        Pass single = passes.get(1);
        return single == null ? Optional.empty() : single.step.refusal();
    }

    private Pass append(int[] ids) {
        if (ids.length == 0) {
            throw new Failure("there is nothing to continue", "empty prompt", "give at least one token");
        }
        Scorer.check(model.config(), ids);
        if (length + ids.length > capacity) {
            throw new Failure(
                    "the cache is full", (length + ids.length) + " tokens of " + capacity, "ask for fewer new tokens");
        }
        return take(reread(ids));
    }

    /** What has to be taken in: all of the text where every position of it is computed otherwise from now on. */
    private int[] reread(int[] ids) {
        boolean now = length + ids.length > model.config().switchesBeyond();
        int[] all = now == beyond
                ? ids
                : IntStream.concat(Arrays.stream(seen, 0, length), Arrays.stream(ids))
                        .toArray();
        length -= all.length - ids.length;
        beyond = now;
        return all;
    }

    private Pass take(int[] ids) {
        if (length == 0) {
            opening = model.config().opening(ids);
        }
        Pass pass = null;
        int start = 0;
        while (start < ids.length) {
            int least = length < opening.prompt() ? opening.prompt() : 0;
            int end = Math.min(ids.length, start + Math.max(least, PREFILL_TOKENS));
            pass = run(Arrays.copyOfRange(ids, start, end));
            start = end;
        }
        return pass;
    }

    private Pass run(int[] ids) {
        Pass pass = passes.get(ids.length);
        if (pass == null) {
            pass = record(ids.length);
            passes.put(ids.length, pass);
        }
        int[] positions = new int[ids.length];
        Arrays.setAll(positions, i -> length + i);
        pass.executor.set(pass.recording.ids(), ids);
        pass.executor.set(pass.recording.positions(), positions);
        pass.executor.set(pass.recording.rows(), positions);
        Places places = new Places(model.config(), ids.length);
        places.add(opening, length, ids.length, beyond ? Integer.MAX_VALUE : length + ids.length);
        places.inputs(pass.recording.tape()).forEach(pass.executor::set);
        pass.step.run(new Sequences.Builder()
                .add(0, length, ids.length, opening.prompt())
                .build());
        System.arraycopy(ids, 0, seen, length, ids.length);
        length += ids.length;
        last = pass;
        return pass;
    }

    /** Only the passes for one token and for one other count stay, so that prompts of many lengths do not pile up. */
    private Pass record(int tokens) {
        passes.entrySet().removeIf(e -> {
            boolean stale = e.getKey() != 1 && tokens != 1;
            if (stale) {
                e.getValue().close();
            }
            return stale;
        });
        Recording recording = model.transformer().cached(tokens, 1, capacity);
        Executor executor = Executor.inference(backend, recording.tape(), model.leaves(cache));
        try {
            executor.set(recording.selected(), new int[] {tokens - 1});
            return new Pass(recording, executor, step(recording, executor));
        } catch (RuntimeException e) {
            executor.close();
            throw e;
        }
    }

    private Repeat step(Recording recording, Executor executor) {
        Queue queue = executor.queue();
        Consumer<Sequences> step = rows -> {
            executor.forward(rows);
            choose(queue, executor.tensor(recording.logits()), executor.tensor(recording.positions()));
        };
        // Weights that come and go are not where they were when a step was captured.
        boolean repeated =
                recording.ids().shape().equals(Shape.of(1)) && model.weights().resident();
        return repeated ? queue.repeatable(step) : step::accept;
    }

    /** @param positions of the tokens taken in, of which the last is followed by the chosen one */
    private void choose(Queue queue, Tensor logits, Tensor positions) {
        long tokens = positions.shape().dim(0);
        sampling.ifPresentOrElse(
                how -> backend.sample(queue, logits, positions.slice(tokens - 1, tokens), how, chosen),
                () -> backend.argMax(queue, logits, chosen));
    }

    @Override
    public void close() {
        passes.values().forEach(Pass::close);
        passes.clear();
        cache.values().forEach(t -> t.buffer().close());
        cache.clear();
        chosen.buffer().close();
    }
}
