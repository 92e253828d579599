package org.espalier.cut;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.Queue;
import org.espalier.couple.CutTape;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.model.BranchPass;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.StreamDivergence;
import org.espalier.model.StreamWalk;
import org.espalier.tape.Branch;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * How far a model's predictions go from the dense model's when a single branch of it is narrowed, for many branches and widths.
 * The dense stream is walked once; at each branch its narrowed forms begin from the stream that is there, and go on through the
 * layers above with the dense weights, all forms together, so that those are read once for all of them.
 */
public final class BranchDivergence {

    /**
     * A model one branch of which is narrowed.
     *
     * @param branch    that is
     * @param selection the units of it that go, or the branch itself
     */
    public record Narrowed(Branch branch, Selection selection) {}

    /** Hears of the work while it is done. */
    public interface Watch {
        /** A branch of the dense weights was gone through with so many streams. */
        void passed(int streams);
    }

    /** The dense model's at a branch and at its end, and those of a fit. */
    private static final int OWN_STREAMS = 4;

    private final Model dense;
    private final FitBatches fitted;
    private final List<Packed> batches;
    private final Compensation kind;
    private final double ridge;
    private final boolean release;
    private final Map<Integer, Structure> structures = new HashMap<>();
    /** The branch that the dense walk stands before. */
    private int walked;

    /**
     * @param sequences token ids to measure on, and to fit on
     * @param kind      how a narrowed branch makes up for what it lost: by least squares, or not at all
     * @param ridge     as {@link Compensator} has it
     * @param release   whether weights of a branch are let go of when all streams have been through it
     */
    public BranchDivergence(Model dense, List<int[]> sequences, Compensation kind, double ridge, boolean release) {
        if (kind == Compensation.BIAS) {
            throw new IllegalArgumentException("a narrowed branch is fitted by least squares or not at all");
        }
        this.dense = dense;
        this.fitted = FitBatches.of(dense.config(), sequences);
        this.batches = fitted.packed();
        this.kind = kind;
        this.ridge = ridge;
        this.release = release;
    }

    /** Bytes of one stream of all tokens. */
    public long streamBytes() {
        long tokens = batches.stream().mapToLong(Packed::tokens).sum();
        return DType.F32.bytes(tokens * dense.config().hidden());
    }

    /** Branches that are gone through, each once for every stream that goes through it. */
    public long steps(List<Narrowed> all) {
        int branches = branches().size();
        int last = all.stream().mapToInt(one -> one.branch().index()).max().orElse(0);
        return branches
                + last
                + all.stream()
                        .mapToLong(one -> branches - 1 - one.branch().index())
                        .sum();
    }

    /** Bytes that are taken beside the weights when so many streams are there at once, those of one branch aside. */
    public long bytes(int streams) {
        int longest = batches.stream().mapToInt(Packed::tokens).max().orElse(0);
        return (streams + OWN_STREAMS) * streamBytes() + StreamDivergence.bytes(dense.config(), longest);
    }

    private List<Branch> branches() {
        return dense.structure().branches();
    }

    /**
     * Measures.
     *
     * @param all     narrowed models, of which those of a branch stand together, in the order of the branches
     * @param streams that there is memory for at once
     * @return {@code KL(dense ‖ narrowed)} of each, in nats a token
     * @throws Failure if a branch cannot be run by itself, or a divergence is no finite number
     */
    public double[] of(List<Narrowed> all, int streams, Watch watch) {
        all.forEach(one -> requireAlone(one.branch()));
        walked = 0;
        double[] divergences = new double[all.size()];
        try (Queue queue = dense.backend().newQueue();
                StreamWalk walk = new StreamWalk(dense.backend(), queue, batches, this::pass, dense.leaves(Map.of()));
                StreamWalk end = walk.from(walk.stream());
                StreamDivergence compared = new StreamDivergence(dense, batches)) {
            for (Branch branch : branches()) {
                pass(branch, end, List.of(), watch);
            }
            int at = 0;
            while (at < all.size()) {
                int until = Math.min(all.size(), at + Math.max(1, streams));
                try (Forms forms = new Forms(walk, all.subList(at, until), queue, watch)) {
                    double[] some = compared.of(end.stream(), forms.toTheEnd());
                    System.arraycopy(some, 0, divergences, at, some.length);
                }
                at = until;
            }
        }
        return divergences;
    }

    private static void requireAlone(Branch branch) {
        if (branch.source() != branch.stream()) {
            throw new Failure(
                    "what narrowing the " + branch.name() + " does cannot be measured",
                    "it reads something other than the stream that it is added to",
                    "choose widths by scores, without a table of widths");
        }
    }

    private void pass(Branch branch, StreamWalk walk, List<StreamWalk> others, Watch watch) {
        walk.pass(branch, others);
        if (release) {
            BranchPass.of(dense.structure().tape(), branch).tape().leaves(Value.Role.PARAMETER).stream()
                    .map(Value::name)
                    .forEach(dense.weights()::release);
        }
        watch.passed(1 + others.size());
    }

    private Tape pass(int tokens) {
        return dense.transformer().loss(tokens).tape();
    }

    private Structure structure(int tokens) {
        return structures.computeIfAbsent(tokens, count -> Structure.of(pass(count)));
    }

    /** Some narrowed models' streams. */
    private final class Forms implements AutoCloseable {

        private final List<Narrowed> narrowed;
        private final List<StreamWalk> streams = new ArrayList<>();
        private final Queue queue;
        private final Watch watch;

        /** Moves the dense walk on as far as the last branch of these, and no further. */
        Forms(StreamWalk walk, List<Narrowed> narrowed, Queue queue, Watch watch) {
            this.narrowed = narrowed;
            this.queue = queue;
            this.watch = watch;
            try {
                for (Narrowed one : narrowed) {
                    begin(walk, one);
                }
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }

        private void begin(StreamWalk walk, Narrowed one) {
            while (walked < one.branch().index()) {
                pass(branches().get(walked), walk, before(walked), watch);
                walked++;
            }
            streams.add(narrow(walk, one));
        }

        /** Streams that have not been through a branch, narrowed or not. */
        private List<StreamWalk> before(int branch) {
            return IntStream.range(0, streams.size())
                    .filter(i -> narrowed.get(i).branch().index() < branch)
                    .mapToObj(streams::get)
                    .toList();
        }

        private StreamWalk narrow(StreamWalk walk, Narrowed one) {
            if (one.selection().removed(one.branch())) {
                return walk.from(walk.stream());
            }
            try (CutWeights weights = new CutWeights(dense, one.selection(), queue);
                    StreamWalk left = walk.into(
                            tokens -> CutTape.of(one.selection().on(structure(tokens)))
                                    .tape(),
                            weights)) {
                if (kind == Compensation.LSTSQ) {
                    fitted(walk, one, weights, left);
                } else {
                    left.pass(one.branch());
                }
                return walk.from(left.stream());
            }
        }

        private void fitted(StreamWalk walk, Narrowed one, CutWeights weights, StreamWalk left) {
            try (StreamWalk whole = walk.from(walk.stream());
                    Compensated result = new Compensated(dense.backend(), dense.config(), false, one.selection());
                    FitStreams streams =
                            new FitStreams(dense.backend(), queue, one.selection(), fitted, whole, left, weights)) {
                new LeastSquares(
                                dense.backend(),
                                queue,
                                one.selection(),
                                streams,
                                weights,
                                result,
                                fitted,
                                Ridge.of(ridge))
                        .next(one.branch());
            }
        }

        /** The streams after the last branch. */
        List<Tensor> toTheEnd() {
            for (Branch branch : branches().subList(walked, branches().size())) {
                List<StreamWalk> going = before(branch.index());
                if (!going.isEmpty()) {
                    pass(branch, going.getFirst(), going.subList(1, going.size()), watch);
                }
            }
            return streams.stream().map(StreamWalk::stream).toList();
        }

        @Override
        public void close() {
            streams.forEach(StreamWalk::close);
        }
    }
}
