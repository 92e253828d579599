package org.espalier.tape;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.function.Predicate;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Sequences;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Walks a model one segment at a time with any amount of data: all batches go through a segment before any goes on, so that
 * a segment's weights and gradients need to be there only while it is walked. What passes between segments waits in a
 * {@link Spill}. Backwards, every segment is computed again from what it was given.
 */
public final class SegmentWalk implements AutoCloseable {

    /**
     * Sequences that are computed together.
     *
     * @param tape      recorded for as many tokens; all batches' tapes begin with the same segments
     * @param sequences how the tokens divide
     * @param inputs    numbers of the tape's inputs
     */
    public record Batch(Tape tape, Sequences sequences, Map<Value, int[]> inputs) {}

    private final Backend backend;
    private final List<Run> runs;
    private final Leaves leaves;
    private final Gradients gradients;
    private final Observer observer;
    private final Spill spill;
    private final Workspace workspace;
    private Executor executor;
    private boolean keepsAll;

    /**
     * @param observer its {@link Observer#before} and {@link Observer#after} are called once for a segment and direction,
     *                 with the segment of the longest tape; {@link Observer#afterForward} for every batch, once
     * @param spill    stays the caller's
     */
    public SegmentWalk(
            Backend backend, List<Batch> batches, Leaves leaves, Gradients gradients, Observer observer, Spill spill) {
        this.backend = backend;
        Map<Tape, Flow> flows = new HashMap<>();
        this.runs = batches.stream()
                .map(batch -> new Run(
                        batch, flows.computeIfAbsent(batch.tape(), tape -> new Flow(tape, gradients, observer))))
                .toList();
        this.leaves = leaves;
        this.gradients = gradients;
        this.observer = observer;
        this.spill = spill;
        this.workspace = new Workspace(backend);
    }

    /**
     * What a walk has at once, told from shapes alone.
     *
     * @param workspace bytes of a batch's activations and gradients inside a segment
     * @param all       the same bytes of all batches in all segments
     * @param waiting   bytes that wait between segments
     * @param steps     segments that are walked, either way
     */
    public record Needs(long workspace, long all, long waiting, int steps) {}

    /** What {@link #forward}, or {@link #backward}, will need. */
    public Needs needs(boolean backwards) {
        long workspace = 0;
        long all = 0;
        for (Flow flow : runs.stream().map(run -> run.flow).distinct().toList()) {
            long batches = runs.stream().filter(run -> run.flow == flow).count();
            for (Segment segment : flow.tape().segments()) {
                Schedule schedule =
                        new Schedule(flow, backwards ? Retention.KEEP : Retention.INFERENCE, List.of(segment), false);
                long bytes = Arena.plan(schedule, backend.computeType());
                workspace = Math.max(workspace, bytes);
                all += batches * bytes;
            }
        }
        int segments = segments().size();
        long waiting = runs.stream()
                .mapToLong(run -> run.waiting(backend.computeType(), backwards))
                .sum();
        return new Needs(workspace, all, waiting, backwards ? 2 * segments - 1 : segments);
    }

    /**
     * Keeps what segments compute forwards until they run backwards, instead of computing it again: faster, in the memory
     * that {@link Needs#all} says.
     */
    public void keepAll() {
        keepsAll = true;
    }

    /** Runs forwards. */
    public void forward() {
        for (Segment segment : segments()) {
            forward(segment, false);
            runs.forEach(run -> run.forget(run.values, use -> use.last() <= segment.index()));
        }
    }

    /**
     * Runs forwards and backwards. The gradients are those of {@code weight · Σ loss} over all batches; they are added to
     * what {@link Gradients#tensor} gives, which must be zero before a parameter's first use.
     */
    public void backward(double weight) {
        List<Segment> segments = segments();
        // The last segment is computed on the way back.
        segments.subList(0, segments.size() - 1).forEach(segment -> forward(segment, keepsAll));
        for (Segment segment : segments.reversed()) {
            backward(segment, weight);
        }
    }

    /** A result of a batch whose segment has been walked. */
    public double[] result(int batch, Value result) {
        double[] numbers = runs.get(batch).results.get(result);
        if (numbers == null) {
            throw new IllegalArgumentException("not a result that has been computed: " + result);
        }
        return numbers;
    }

    private List<Segment> segments() {
        return runs.stream()
                .map(run -> run.batch.tape().segments())
                .max(Comparator.comparingInt(List::size))
                .orElseThrow();
    }

    private void forward(Segment segment, boolean kept) {
        observer.before(segment, false);
        for (int batch = 0; batch < runs.size(); batch++) {
            Run run = runs.get(batch);
            if (run.has(segment)) {
                open(run, segment, kept ? Retention.KEEP : Retention.INFERENCE, true);
                load(run);
                executor.forward(run.batch.sequences());
                for (Value value : executor.schedule().passed()) {
                    run.values.put(value, spill.keep(backend, executor.queue(), executor.boundary(value)));
                }
                keepResults(run);
                executor.finish();
                observer.afterBatch(segment, false, batch);
                if (kept) {
                    executor.queue().rest();
                    run.executors.put(segment.index(), executor);
                    executor = null;
                }
            }
        }
        leave(segment, false);
    }

    private void backward(Segment segment, double weight) {
        observer.before(segment, true);
        boolean last = segment.index() == segments().size() - 1;
        for (int batch = 0; batch < runs.size(); batch++) {
            Run run = runs.get(batch);
            if (run.has(segment)) {
                Executor kept = run.executors.remove(segment.index());
                if (kept != null) {
                    closeExecutor();
                    executor = kept;
                } else {
                    open(run, segment, Retention.KEEP, last);
                }
                if (last || !executor.schedule().backward().isEmpty()) {
                    if (kept == null) {
                        computeAgain(run, last);
                    }
                    backward(run, weight);
                }
                executor.finish();
                observer.afterBatch(segment, true, batch);
                run.forget(run.gradients, use -> use.source() >= segment.index());
                run.forget(run.values, use -> use.first() >= segment.index());
            }
        }
        leave(segment, true);
    }

    private void computeAgain(Run run, boolean firstTime) {
        load(run);
        executor.forward(run.batch.sequences());
        if (firstTime) {
            keepResults(run);
        }
    }

    private void backward(Run run, double weight) {
        loadGradients(run, executor.schedule().passed());
        loadGradients(run, executor.schedule().given());
        executor.backward(weight, true, run.coverage);
        for (Value value : executor.schedule().given()) {
            keepGradient(run, value);
        }
    }

    private void leave(Segment segment, boolean backward) {
        closeExecutor();
        observer.after(segment, backward);
    }

    /** Batches of equal size in a row share an executor. What an observer has seen forwards it is not shown again. */
    private void open(Run run, Segment segment, Retention retention, boolean firstTime) {
        if (executor == null || executor.tape() != run.batch.tape()) {
            closeExecutor();
            Segment own = run.batch.tape().segments().get(segment.index());
            Workspace memory = keepsAll ? null : workspace;
            executor = new Executor(
                    backend,
                    run.flow,
                    leaves,
                    gradients,
                    retention,
                    new OperationsOnly(observer, firstTime),
                    memory,
                    own,
                    !firstTime);
        }
        run.batch.inputs().forEach(executor::set);
    }

    private void load(Run run) {
        for (Value value : executor.schedule().given()) {
            backend.upload(executor.queue(), run.values.get(value).segment(), executor.boundary(value));
        }
    }

    private void loadGradients(Run run, List<Value> values) {
        for (Value value : values) {
            if (run.coverage.any(value)) {
                backend.upload(executor.queue(), run.gradients.get(value).segment(), executor.boundaryGradient(value));
            }
        }
    }

    private void keepGradient(Run run, Value value) {
        Tensor gradient = executor.boundaryGradient(value);
        if (gradient != null) {
            Spill.Kept before = run.gradients.put(value, spill.keep(backend, executor.queue(), gradient));
            if (before != null) {
                before.close();
            }
        }
    }

    private void keepResults(Run run) {
        for (Value result : executor.schedule().results()) {
            run.results.put(result, HostCopy.readDoubles(backend, executor.queue(), executor.boundary(result)));
        }
    }

    private void closeExecutor() {
        if (executor != null) {
            executor.finish();
            executor.close();
            executor = null;
        }
    }

    @Override
    public void close() {
        closeExecutor();
        runs.forEach(run -> {
            run.forget(run.values, use -> true);
            run.forget(run.gradients, use -> true);
            run.executors.values().forEach(Executor::close);
        });
        workspace.close();
    }

    /** A batch on its way. */
    private static final class Run {
        final Batch batch;
        final Flow flow;
        final Map<Value, Spill.Kept> values = new LinkedHashMap<>();
        final Map<Value, Spill.Kept> gradients = new LinkedHashMap<>();
        final Map<Value, double[]> results = new HashMap<>();
        /** Of segments whose numbers are kept until they run backwards. */
        final Map<Integer, Executor> executors = new HashMap<>();

        final Coverage coverage = new Coverage();

        Run(Batch batch, Flow flow) {
            this.batch = batch;
            this.flow = flow;
        }

        /** Backwards all values wait that pass between segments, and the gradients that go into and come out of one. */
        long waiting(DType compute, boolean backwards) {
            LongSummaryStatistics all = flow.passing()
                    .mapToLong(v -> v.element().storage(compute).bytes(v.shape().elements()))
                    .summaryStatistics();
            return all.getCount() == 0 ? 0 : (backwards ? all.getSum() : 0) + 2 * all.getMax();
        }

        boolean has(Segment segment) {
            return segment.index() < batch.tape.segments().size();
        }

        void forget(Map<Value, Spill.Kept> kept, Predicate<Flow.Use> done) {
            kept.entrySet().removeIf(entry -> {
                boolean finished = done.test(flow.use(entry.getKey()));
                if (finished) {
                    entry.getValue().close();
                }
                return finished;
            });
        }
    }

    /** An observer that is told of operations only: a walk through all batches tells it of segments itself. */
    private record OperationsOnly(Observer observer, boolean forwards) implements Observer {

        @Override
        public void afterForward(Op op, Step step) {
            if (forwards) {
                observer.afterForward(op, step);
            }
        }

        @Override
        public void afterBackward(Op op, Step step) {
            observer.afterBackward(op, step);
        }

        @Override
        public List<Value> valuesRead(Op op) {
            return observer.valuesRead(op);
        }

        @Override
        public List<Value> gradientsRead(Op op) {
            return observer.gradientsRead(op);
        }
    }
}
