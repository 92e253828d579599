package org.espalier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LossOps;
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
 * Keys and values of many texts in one cache, so that tokens of all of them are computed together. Each text has neighbouring
 * rows of the cache; which ones, the caller decides. A text that goes on from an earlier place of its own simply overwrites what
 * came after.
 */
public final class SharedCache implements AutoCloseable {

    /** Tokens up to which a pass is kept for the next time: those of texts that grow token by token come again and again. */
    private static final int FEW_TOKENS = 64;

    private static final int KEPT_PASSES = 16;

    private final Model model;
    private final Backend backend;
    private final int rows;
    private final Map<String, Tensor> cache = new HashMap<>();
    private final Map<Size, Pass> passes = new LinkedHashMap<>(16, 0.75f, true);
    /** How the text at a row begins, of those whose prompts are read as a whole. */
    private final Map<Integer, Opening> openings = new HashMap<>();

    private record Size(int tokens, int wanted) {}

    /** What runs for so many tokens, and the likeliest token after each that is wanted. */
    private record Pass(Recording recording, Executor executor, Tensor best) implements AutoCloseable {

        @Override
        public void close() {
            executor.close();
            best.buffer().close();
        }
    }

    /**
     * New tokens of one text.
     *
     * @param row     the first row of the text in the cache
     * @param past    tokens of the text that are there already
     * @param ids     those that follow, at least one
     * @param wanted  places among {@code ids} after which the next token is asked about; a place may come again
     * @param targets the token that should follow each of those, or {@link LossOps#IGNORED}
     */
    public record Part(int row, int past, int[] ids, int[] wanted, int[] targets) {

        /** As above, without knowing what should follow. */
        public static Part open(int row, int past, int[] ids, int... wanted) {
            int[] targets = new int[wanted.length];
            Arrays.fill(targets, LossOps.IGNORED);
            return new Part(row, past, ids, wanted, targets);
        }

        public Part {
            if (row < 0 || past < 0 || ids.length == 0 || wanted.length != targets.length) {
                throw new IllegalArgumentException("part at row " + row + " after " + past + " tokens: " + ids.length
                        + " ids, " + wanted.length + " places, " + targets.length + " targets");
            }
        }
    }

    /**
     * What came of a run; entry {@code i} is of the {@code i}-th wanted place of all parts, in their order. Logits can be read
     * until the next run.
     */
    public final class Answers {

        private final Pass pass;
        private final double[] losses;
        private final int[] best;

        private Answers(Pass pass) {
            this.pass = pass;
            losses = pass.executor.read(pass.recording.losses().getFirst());
            best = HostCopy.readInts(backend, pass.executor.queue(), pass.best);
        }

        /** Negative log-likelihood of the target, in nats; 0 where there is none. */
        public double loss(int i) {
            return losses[i];
        }

        /** The likeliest token, the lowest id of equals. */
        public int best(int i) {
            return best[i];
        }

        /** Logits of the next token, {@code [V]}. */
        public float[] logits(int i) {
            return HostCopy.readFloats(backend, pass.executor.queue(), row(i));
        }

        /** Draws the next token. What is drawn follows from the seed and the position alone. */
        public int sample(int i, Sampling sampling, int position) {
            return draw(row(i), sampling, position)[0];
        }

        /** As above, after every wanted place of the run, each with a position of its own. */
        public int[] samples(Sampling sampling, int... positions) {
            return draw(pass.executor.tensor(pass.recording.logits()), sampling, positions);
        }

        private int[] draw(Tensor logits, Sampling sampling, int... positions) {
            Shape rows = Shape.of(positions.length);
            try (TensorOwner chosen = new TensorOwner(backend.allocate(DType.I32, rows, "chosen tokens"));
                    TensorOwner at = new TensorOwner(backend.allocate(DType.I32, rows, "positions"))) {
                HostCopy.writeInts(backend, pass.executor.queue(), positions, at.tensor);
                backend.sample(pass.executor.queue(), logits, at.tensor, sampling, chosen.tensor);
                return HostCopy.readInts(backend, pass.executor.queue(), chosen.tensor);
            }
        }

        private Tensor row(int i) {
            return pass.executor.tensor(pass.recording.logits()).slice(i, i + 1);
        }
    }

    private record TensorOwner(Tensor tensor) implements AutoCloseable {

        @Override
        public void close() {
            tensor.buffer().close();
        }
    }

    /**
     * @param rows of the cache, one for each token that is there at once
     * @throws Failure if there is no memory for it
     */
    public SharedCache(Model model, int rows) {
        this.model = model;
        this.backend = model.backend();
        this.rows = rows;
        try {
            for (Value state : model.transformer().cached(1, 1, rows).tape().leaves(Value.Role.STATE)) {
                cache.put(
                        state.name(), backend.allocate(backend.computeType(), state.shape(), "cache " + state.name()));
            }
        } catch (Failure e) {
            close();
            throw e;
        }
    }

    /** Bytes of a cache for so many tokens. */
    public static long bytes(Model model, int rows) {
        return model.transformer().cached(1, 1, rows).tape().leaves(Value.Role.STATE).stream()
                .mapToLong(state ->
                        model.backend().computeType().bytes(state.shape().elements()))
                .sum();
    }

    /** Tokens that it holds at once. */
    public int rows() {
        return rows;
    }

    /**
     * Computes new tokens of several texts, whose rows must be apart.
     *
     * @throws Failure if a text goes beyond the model's context, or a token is not in the vocabulary
     */
    public Answers run(List<Part> parts) {
        Inputs inputs = new Inputs(parts);
        Pass pass = pass(new Size(inputs.ids.length, inputs.wanted.length));
        Recording recording = pass.recording;
        pass.executor.set(recording.ids(), inputs.ids);
        pass.executor.set(recording.positions(), inputs.positions);
        pass.executor.set(recording.rows(), inputs.rows);
        inputs.places.inputs(recording.tape()).forEach(pass.executor::set);
        pass.executor.set(recording.selected(), inputs.wanted);
        pass.executor.set(recording.targets().getFirst(), inputs.targets);
        pass.executor.forward(inputs.sequences);
        backend.argMax(pass.executor.queue(), pass.executor.tensor(recording.logits()), pass.best);
        return new Answers(pass);
    }

    /** What a pass is given, part after part. */
    private final class Inputs {

        private final int[] ids;
        private final int[] positions;
        private final int[] rows;
        private final int[] wanted;
        private final int[] targets;
        private final Places places;
        private final Sequences sequences;

        Inputs(List<Part> parts) {
            int tokens = parts.stream().mapToInt(part -> part.ids.length).sum();
            int count = parts.stream().mapToInt(part -> part.wanted.length).sum();
            ids = new int[tokens];
            positions = new int[tokens];
            rows = new int[tokens];
            // A pass ends in logits: where none is wanted, it has those after the first token.
            wanted = new int[Math.max(1, count)];
            targets = new int[Math.max(1, count)];
            targets[0] = LossOps.IGNORED;
            places = new Places(model.config(), tokens);
            Sequences.Builder read = new Sequences.Builder();
            int token = 0;
            int place = 0;
            for (Part part : parts) {
                check(part);
                Opening opening = opening(part);
                places.add(opening, part.past, part.ids.length, part.past + part.ids.length);
                read.add(part.row, part.past, part.ids.length, opening.prompt());
                for (int w = 0; w < part.wanted.length; w++) {
                    wanted[place] = token + part.wanted[w];
                    targets[place++] = part.targets[w];
                }
                for (int i = 0; i < part.ids.length; i++, token++) {
                    ids[token] = part.ids[i];
                    positions[token] = part.past + i;
                    rows[token] = part.row + part.past + i;
                }
            }
            sequences = read.build();
        }

        private Opening opening(Part part) {
            if (!model.config().readsPromptsWhole()) {
                return Opening.NONE;
            }
            if (part.past == 0) {
                openings.put(part.row, model.config().opening(part.ids));
            }
            return openings.get(part.row);
        }

        private void check(Part part) {
            int end = part.past + part.ids.length;
            if (end > model.config().maxPositions()) {
                throw new Failure(
                        "text of " + end + " tokens is longer than the model's context",
                        "at most " + model.config().maxPositions() + " positions",
                        "use shorter texts");
            }
            if (part.row + end > SharedCache.this.rows) {
                throw new IllegalArgumentException(
                        "rows " + part.row + " to " + (part.row + end) + " of " + SharedCache.this.rows);
            }
            int steady = model.config().switchesBeyond();
            if (part.past > 0 && part.past <= steady && end > steady) {
                throw new IllegalArgumentException(
                        "text that grew to " + end + " tokens, and is computed otherwise beyond " + steady);
            }
            Scorer.check(model.config(), part.ids);
        }
    }

    private Pass pass(Size size) {
        Pass pass = passes.get(size);
        if (pass == null) {
            makeRoom(size);
            pass = record(size);
            passes.put(size, pass);
        }
        return pass;
    }

    /** Of passes of many tokens only one stays, and of those of few only the last used. */
    private void makeRoom(Size size) {
        boolean many = size.tokens > FEW_TOKENS;
        Iterator<Map.Entry<Size, Pass>> oldest = passes.entrySet().iterator();
        while (oldest.hasNext()) {
            Map.Entry<Size, Pass> pass = oldest.next();
            boolean alsoMany = pass.getKey().tokens > FEW_TOKENS;
            if (many ? alsoMany : !alsoMany && passes.size() >= KEPT_PASSES) {
                pass.getValue().close();
                oldest.remove();
            }
        }
    }

    private Pass record(Size size) {
        Recording recording = model.transformer().cachedLoss(size.tokens, size.wanted, rows);
        Executor executor = Executor.inference(backend, recording.tape(), model.leaves(cache));
        try {
            return new Pass(
                    recording, executor, backend.allocate(DType.I32, Shape.of(size.wanted), "likeliest tokens"));
        } catch (RuntimeException e) {
            executor.close();
            throw e;
        }
    }

    @Override
    public void close() {
        List<Pass> open = new ArrayList<>(passes.values());
        passes.clear();
        open.forEach(Pass::close);
        cache.values().forEach(t -> t.buffer().close());
        cache.clear();
    }
}
