package org.espalier.tape;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private final Leaves leaves;
    private final Gradients gradients;
    private final Observer observer;
    private final Schedule schedule;
    private final Queue queue;
    private final Buffer workspace;
    private final Workspace owned;
    private final long bytes;
    private final Map<Value, Tensor> inputs = new HashMap<>();
    private Coverage coverage = new Coverage();
    /** By generation and value: looked up hundreds of times for each generated token. */
    private final Tensor[][] placed;

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
        this.leaves = leaves;
        this.gradients = gradients;
        this.observer = observer;
        this.schedule = schedule;
        long planned = Arena.plan(schedule, backend.computeType());
        this.placed = new Tensor[2][tape.values().size()];
        this.queue = backend.newQueue();
        this.owned = owned ? memory : null;
        this.bytes = planned;
        try {
            this.workspace = memory.require(planned, purpose(tape));
            for (Value input : tape.leaves(Value.Role.INPUT)) {
                inputs.put(
                        input,
                        backend.allocate(
                                input.element().storage(backend.computeType()),
                                input.shape(),
                                "input " + input.name()));
            }
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
        HostCopy.writeInts(backend, queue, numbers, inputs.get(input));
    }

    /** Gives an input its numbers for the next run, from a tensor of as many. */
    public void set(Value input, Tensor numbers) {
        backend.convert(queue, numbers, inputs.get(input));
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
        return activation(value, 0);
    }

    /** Where the gradient of a value that passes between segments is, or null if it has none. */
    Tensor boundaryGradient(Value value) {
        Schedule.Slot slot = schedule.gradientSlot(value);
        return slot == null ? null : place(value, slot);
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
        if (inputs.containsKey(result)) {
            return inputs.get(result);
        }
        if (!tape.results().contains(result)) {
            throw new IllegalArgumentException("not a result or input of this tape: " + result);
        }
        return activation(result, 0);
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

    private Tensor activation(Value value, int generation) {
        Tensor known = placed[generation][value.id()];
        if (known == null) {
            known = place(value, schedule.slot(value, generation));
            placed[generation][value.id()] = known;
        }
        return known;
    }

    private Tensor place(Value value, Schedule.Slot slot) {
        DType type = slot.gradient ? backend.computeType() : value.element().storage(backend.computeType());
        return new Tensor(workspace, slot.offset + type.bytes(value.start()), type, value.shape());
    }

    private static Tensor part(Tensor whole, Value value) {
        if (value.root() == value) {
            return whole;
        }
        return new Tensor(
                whole.buffer(), whole.offset() + whole.type().bytes(value.start()), whole.type(), value.shape());
    }

    @Override
    public void close() {
        inputs.values().forEach(t -> t.buffer().close());
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
            return switch (value.role()) {
                case ACTIVATION -> activation(value, generation);
                case INPUT -> part(inputs.get(value.root()), value);
                case PARAMETER, CONSTANT, STATE -> part(leaves.tensor(value.root()), value);
            };
        }

        @Override
        public Tensor gradient(Value output) {
            Schedule.Slot slot = schedule.gradientSlot(output);
            if (slot == null) {
                throw new IllegalStateException("no gradient reaches " + output);
            }
            Tensor tensor = place(output, slot);
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
                return new Target(part(gradients.tensor(input.root()), input), added || accumulate ? 1 : 0);
            }
            return new Target(place(input, schedule.gradientSlot(input)), added ? 1 : 0);
        }
    }
}
