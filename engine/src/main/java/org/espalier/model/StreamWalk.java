package org.espalier.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.tape.Branch;
import org.espalier.tape.Executor;
import org.espalier.tape.Leaves;
import org.espalier.tape.Part;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * A model's residual stream of all calibration tokens on its way through the branches of its layers. A branch runs over a
 * batch of sequences at a time, so that what is there at once is the stream and one batch's activations.
 */
public final class StreamWalk implements AutoCloseable {

    /** Sees each batch, while its activations are there. */
    @FunctionalInterface
    public interface Visitor {

        /** Sees one batch. */
        void at(BranchVisit visit);
    }

    /** Tokens computed at once. */
    public static final int BATCH_TOKENS = 2048;

    private final Backend backend;
    private final Queue queue;
    private final List<Packed> batches;
    private final IntFunction<Tape> recording;
    private final Leaves leaves;
    private final Map<Integer, Tape> passes;
    private final Tensor stream;

    /** Goes on from a stream, which is copied. */
    private StreamWalk(
            StreamWalk of, IntFunction<Tape> recording, Leaves leaves, Map<Integer, Tape> passes, Tensor from) {
        this.backend = of.backend;
        this.queue = of.queue;
        this.batches = of.batches;
        this.recording = recording;
        this.leaves = leaves;
        this.passes = passes;
        this.stream = backend.allocate(backend.computeType(), from.shape(), "a residual stream");
        backend.convert(queue, from, stream);
    }

    /**
     * Computes the stream before the first branch.
     *
     * @param recording a whole pass over so many tokens
     * @param leaves    numbers of its parameters and constants
     */
    public StreamWalk(Backend backend, Queue queue, List<Packed> batches, IntFunction<Tape> recording, Leaves leaves) {
        this.backend = backend;
        this.queue = queue;
        this.batches = batches;
        this.recording = recording;
        this.leaves = leaves;
        this.passes = new HashMap<>();
        int tokens = batches.stream().mapToInt(Packed::tokens).sum();
        Value first = pass(1).branches().getFirst().stream();
        this.stream = backend.allocate(
                backend.computeType(), Shape.of(tokens, first.shape().dim(1)), "a residual stream");
        try {
            begin();
        } catch (RuntimeException | Error e) {
            stream.buffer().close();
            throw e;
        }
    }

    /** A walk of the same pass that goes on from another stream, {@code [tokens, C]}, of which it has its own copy. */
    public StreamWalk from(Tensor other) {
        return new StreamWalk(this, recording, leaves, passes, other);
    }

    /** A walk of another pass over the same tokens that goes on from where this one is. */
    public StreamWalk into(IntFunction<Tape> other, Leaves otherLeaves) {
        return new StreamWalk(this, other, otherLeaves, new HashMap<>(), stream);
    }

    /** Whole sequences laid end to end, as many as fit a batch, as a model of this configuration reads them. */
    public static List<Packed> batches(ModelConfig config, List<int[]> sequences) {
        return batches(sequences).stream().map(batch -> batch.readBy(config)).toList();
    }

    private static List<Packed> batches(List<int[]> sequences) {
        List<Packed> batches = new ArrayList<>();
        List<int[]> open = new ArrayList<>();
        int tokens = 0;
        for (int[] sequence : sequences) {
            if (!open.isEmpty() && tokens + sequence.length > BATCH_TOKENS) {
                batches.add(Packed.of(open));
                open = new ArrayList<>();
                tokens = 0;
            }
            open.add(sequence);
            tokens += sequence.length;
        }
        if (!open.isEmpty()) {
            batches.add(Packed.of(open));
        }
        return batches;
    }

    /** Tokens of the longest batch. */
    public int longestBatch() {
        return batches.stream().mapToInt(Packed::tokens).max().orElse(0);
    }

    /** {@code [tokens, C]}: the stream before the next branch. */
    public Tensor stream() {
        return stream;
    }

    /** Takes the stream of a visit's tokens to where it is after the branch. */
    public void advance(BranchVisit visit, Branch branch) {
        Tensor part = stream.slice(visit.start(), visit.end());
        visit.sum()
                .ifPresentOrElse(
                        sum -> backend.convert(queue, sum, part),
                        () -> backend.add(queue, part, visit.output(), branch.factor(), part));
    }

    /** Runs the branch of this layer and kind, and adds its output to the stream. */
    public void pass(Branch branch) {
        run(branch, visit -> advance(visit, branch));
    }

    /** As {@link #pass(Branch)}, and moves other walks of the same pass on as well, while the branch's weights are at hand. */
    public void pass(Branch branch, List<StreamWalk> others) {
        List<StreamWalk> all = Stream.concat(Stream.of(this), others.stream()).toList();
        run(branch, all, (walk, visit) -> walk.advance(visit, branch));
    }

    /**
     * Runs the branch of this layer and kind on the stream, which stays as it is unless the visitor advances it.
     *
     * @throws org.espalier.error.Failure if it cannot be run by itself
     */
    public void run(Branch branch, Visitor visitor) {
        run(branch, List.of(this), (walk, visit) -> visitor.at(visit));
    }

    private void run(Branch branch, List<StreamWalk> walks, BiConsumer<StreamWalk, BranchVisit> visitor) {
        BranchPass pass = null;
        Executor executor = null;
        int start = 0;
        try {
            for (int number = 0; number < batches.size(); number++) {
                Packed batch = batches.get(number);
                if (pass == null || pass.stream().shape().dim(0) != batch.tokens()) {
                    if (executor != null) {
                        executor.close();
                    }
                    Tape whole = pass(batch.tokens());
                    pass = BranchPass.of(whole, same(whole, branch));
                    executor = Executor.inference(backend, pass.tape(), leaves);
                }
                int end = start + batch.tokens();
                for (StreamWalk walk : walks) {
                    executor.set(pass.stream(), walk.stream.slice(start, end));
                    feed(executor, pass.tape(), batch);
                    executor.forward(batch.sequences());
                    visitor.accept(walk, new BranchVisit(number, start, end, pass, executor));
                }
                start = end;
            }
        } finally {
            if (executor != null) {
                executor.close();
            }
        }
    }

    /** The branch of the same layer and kind on another recording. */
    private static Branch same(Tape tape, Branch branch) {
        return tape.branches().stream()
                .filter(b -> b.layer() == branch.layer() && b.kind() == branch.kind())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the pass has no " + branch.name()));
    }

    private Tape pass(int tokens) {
        return passes.computeIfAbsent(tokens, recording::apply);
    }

    private void begin() {
        int start = 0;
        for (Packed batch : batches) {
            int end = start + batch.tokens();
            Tape whole = pass(batch.tokens());
            Value first = whole.branches().getFirst().stream();
            Part part = Part.of(whole.leadingTo(first, null), null, List.of(first));
            try (Executor executor = Executor.inference(backend, part.tape(), leaves)) {
                feed(executor, part.tape(), batch);
                executor.forward(batch.sequences());
                backend.convert(queue, executor.tensor(part.value(first)), stream.slice(start, end));
                queue.finish();
            }
            start = end;
        }
    }

    private static void feed(Executor executor, Tape tape, Packed batch) {
        for (Value input : tape.leaves(Value.Role.INPUT)) {
            switch (input.name()) {
                case Pass.IDS -> executor.set(input, batch.ids());
                case Pass.POSITIONS -> executor.set(input, batch.positions());
                default -> {}
            }
        }
        batch.further(tape).forEach(executor::set);
    }

    @Override
    public void close() {
        stream.buffer().close();
    }
}
