package org.espalier.tape;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Runs a tape on a backend. The workspace is planned once, when the executor is made; a run allocates nothing on the
 * device. One thread at a time.
 */
public final class Executor implements AutoCloseable {

    private final Backend backend;
    private final Tape tape;
    private final Gradients gradients;
    private final Observer observer;
    private final Schedule schedule;
    private final Queue queue;
    private final Workspace owned;
    private final long bytes;
    private final Placement placement;
    private Coverage coverage = new Coverage();

    private Sequences sequences;
    private double lossWeight;
    private long seed;
    private long run;
    private boolean accumulate;

    /**
     * @param leaves    numbers of parameters, constants and states
     * @param gradients which parameters want gradients; ignored for {@link Retention#INFERENCE}
     */
    public Executor(
            Backend backend, Tape tape, Leaves leaves, Gradients gradients, Retention retention, Observer observer) {
        this(
                backend,
                tape,
                leaves,
                gradients,
                observer,
                new Schedule(tape, gradients, observer, retention),
                new Workspace(backend),
                true);
    }

    /**
     * As above, in a workspace that outlives this executor: of all executors that share one, only the last made may run.
     */
    public Executor(
            Backend backend,
            Tape tape,
            Leaves leaves,
            Gradients gradients,
            Retention retention,
            Observer observer,
            Workspace shared) {
        this(
                backend,
                tape,
                leaves,
                gradients,
                observer,
                new Schedule(tape, gradients, observer, retention),
                shared,
                false);
    }

    /** Of one segment, for {@link SegmentWalk}, in a workspace as above, or in its own if {@code shared} is null. */
    Executor(
            Backend backend,
            Flow flow,
            Leaves leaves,
            Gradients gradients,
            Retention retention,
            Observer observer,
            Workspace shared,
            Segment segment,
            boolean again) {
        this(
                backend,
                flow.tape(),
                leaves,
                gradients,
                observer,
                new Schedule(flow, retention, List.of(segment), again),
                shared == null ? new Workspace(backend) : shared,
                shared == null);
    }

    private Executor(
            Backend backend,
            Tape tape,
            Leaves leaves,
            Gradients gradients,
            Observer observer,
            Schedule schedule,
            Workspace memory,
            boolean owned) {
        this.backend = backend;
        this.tape = tape;
        this.gradients = gradients;
        this.observer = observer;
        this.schedule = schedule;
        long planned = Arena.plan(schedule, backend.computeType());
        this.queue = backend.newQueue();
        this.owned = owned ? memory : null;
        this.bytes = planned;
        try {
            Buffer workspace = memory.require(planned, purpose(tape));
            this.placement = new Placement(backend, tape, schedule, leaves, workspace);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Names what the activations are of, with the shape that their sizes follow from. */
    private static String purpose(Tape tape) {
        return "activations"
                + tape.leaves(Value.Role.INPUT).stream()
                        .findFirst()
                        .map(input -> " for " + input)
                        .orElse("");
    }

    /** For a tape that only runs forwards. */
    public static Executor inference(Backend backend, Tape tape, Leaves leaves) {
        return new Executor(backend, tape, leaves, Gradients.NONE, Retention.INFERENCE, Observer.NONE);
    }

    /** Bytes of activations and gradients that would be there at once, without allocating any. */
    public static long plannedBytes(Tape tape, Gradients gradients, Retention retention, DType compute) {
        return Arena.plan(new Schedule(tape, gradients, Observer.NONE, retention), compute);
    }

    /** Bytes of activations and gradients that are there at once. */
    public long workspaceBytes() {
        return bytes;
    }

    /** Gives an input its numbers for the next run. */
    public void set(Value input, int[] numbers) {
        HostCopy.writeInts(backend, queue, numbers, placement.input(input));
    }

    /** Gives an input its numbers for the next run, from a tensor of as many. */
    public void set(Value input, Tensor numbers) {
        backend.convert(queue, numbers, placement.input(input));
    }

    /** What everything random in the next run follows from; equal numbers give equal choices. */
    public void random(long newSeed, long newRun) {
        this.seed = newSeed;
        this.run = newRun;
    }

    /** Runs forwards over rows that divide into {@code sequences}. */
    public void forward(Sequences rows) {
        this.sequences = rows;
        run(schedule.forward());
    }

    /**
     * Runs backwards from the losses of the last forward run. The gradients are those of {@code weight · Σ loss}.
     *
     * @param add whether to add to the parameters' gradients, else they are overwritten
     */
    public void backward(double weight, boolean add) {
        backward(weight, add, new Coverage());
    }

    /** As above, where {@code written} says which gradients have been written already, and learns of those written now. */
    void backward(double weight, boolean add, Coverage written) {
        this.lossWeight = weight;
        this.accumulate = add;
        this.coverage = written;
        run(schedule.backward());
    }

    Tape tape() {
        return tape;
    }

    Schedule schedule() {
        return schedule;
    }

    /** Where a value that passes between segments is. */
    Tensor boundary(Value value) {
        return placement.activation(value, 0);
    }

    /** Where the gradient of a value that passes between segments is, or null if it has none. */
    Tensor boundaryGradient(Value value) {
        return placement.gradient(value);
    }

    /** Waits, and reads a result. */
    public double[] read(Value result) {
        return HostCopy.readDoubles(backend, queue, tensor(result));
    }

    /** Waits, and reads a result as float32. */
    public float[] readFloats(Value result) {
        return HostCopy.readFloats(backend, queue, tensor(result));
    }

    /** Waits, and reads an integer result. */
    public int[] readInts(Value result) {
        return HostCopy.readInts(backend, queue, tensor(result));
    }

    /** Where a result is, until the next run, or an input. */
    public Tensor tensor(Value result) {
        Tensor input = placement.input(result);
        if (input != null) {
            return input;
        }
        if (!tape.results().contains(result)) {
            throw new IllegalArgumentException("not a result or input of this tape: " + result);
        }
        return placement.activation(result, 0);
    }

    /** Waits until everything given so far has happened. */
    public void finish() {
        queue.finish();
    }

    /** The queue that runs happen on. */
    public Queue queue() {
        return queue;
    }

    private void run(List<Schedule.Entry> entries) {
        Schedule.Entry previous = null;
        for (Schedule.Entry entry : entries) {
            boolean entering = previous == null
                    || previous.segment() != entry.segment()
                    || previous.backward() != entry.backward();
            if (entering) {
                leave(previous);
                observer.before(entry.segment(), entry.backward());
            }
            execute(entry);
            previous = entry;
        }
        leave(previous);
    }

    private void leave(Schedule.Entry entry) {
        if (entry != null) {
            observer.after(entry.segment(), entry.backward());
        }
    }

    private void execute(Schedule.Entry entry) {
        Step step = new Running(entry.generation());
        if (entry.backward()) {
            entry.op().backward(step);
            observer.afterBackward(entry.op(), step);
        } else {
            entry.op().forward(step);
            if (entry.generation() == 0) {
                observer.afterForward(entry.op(), step);
            }
        }
    }

    @Override
    public void close() {
        if (placement != null) { // else it could not be made
            placement.close();
        }
        if (owned != null) {
            owned.close();
        }
        queue.close();
    }

    /** What one operation sees. */
    private final class Running implements Step {

        private final int generation;

        Running(int generation) {
            this.generation = generation;
        }

        @Override
        public Backend backend() {
            return backend;
        }

        @Override
        public Queue queue() {
            return queue;
        }

        @Override
        public Sequences sequences() {
            return sequences;
        }

        @Override
        public long seed() {
            return seed;
        }

        @Override
        public long run() {
            return run;
        }

        @Override
        public double lossWeight() {
            return lossWeight;
        }

        @Override
        public Tensor value(Value value) {
            return placement.value(value, generation);
        }

        @Override
        public Tensor gradient(Value output) {
            Tensor tensor = placement.gradient(output);
            if (tensor == null) {
                throw new IllegalStateException("no gradient reaches " + output);
            }
            if (!coverage.complete(output)) {
                throw new IllegalStateException("only a part of " + output + " has a gradient");
            }
            return tensor;
        }

        @Override
        public boolean hasGradient(Value output) {
            return schedule.gradientSlot(output) != null && coverage.any(output);
        }

        @Override
        public Target target(Value input) {
            if (!schedule.wanted(input)) {
                return null;
            }
            boolean added = coverage.write(input);
            if (input.role() == Value.Role.PARAMETER) {
                return new Target(Placement.part(gradients.tensor(input.root()), input), added || accumulate ? 1 : 0);
            }
            return new Target(placement.gradient(input), added ? 1 : 0);
        }
    }
}
