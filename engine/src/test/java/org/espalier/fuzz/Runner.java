package org.espalier.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Tries one target with input after input, in a thread of its own that is watched. */
final class Runner {

    /**
     * When to end.
     *
     * @param inputs      most of them
     * @param processor   nanoseconds of computing that one input may take
     * @param patience    nanoseconds that one input may take, on a machine that has other work or when it waits
     */
    record Limits(long inputs, long processor, long patience) {

        private static final long SECOND = 1_000_000_000L;

        /** @param patience seconds */
        static Limits of(long inputs, double patience) {
            return new Limits(inputs, 5 * SECOND, (long) (patience * SECOND));
        }
    }

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long WATCH_MILLISECONDS = 100;

    private final Target target;
    private final long seed;
    private final Limits limits;
    private final Consumer<Finding> found;
    private final Tally tally = new Tally();

    private volatile Input current;
    private volatile long begun;
    private volatile long processorBegun;
    private volatile boolean abandoned;
    /** What the watching thread saw last, and what another process had computed then. */
    private Input watched;

    private long elsewhereBegun;
    private volatile Throwable failed;

    /** @param found hears of the first finding of each kind, and of smaller inputs that lead to it */
    Runner(Target target, long seed, Limits limits, Consumer<Finding> found) {
        this.target = target;
        this.seed = seed ^ target.name().hashCode() * 0x9E3779B97F4A7C15L;
        this.limits = limits;
        this.found = found;
    }

    Tally tally() {
        return tally;
    }

    String name() {
        return target.name();
    }

    /**
     * Runs for a time, unless there are enough inputs before. One that does not end is the last.
     *
     * @param nanoseconds what is known is tried even if that takes longer
     */
    void run(long nanoseconds) throws InterruptedException {
        long start = System.nanoTime();
        Thread worker = new Thread(() -> tryAll(start + nanoseconds), "fuzz " + target.name());
        worker.setDaemon(true);
        worker.start();
        while (!worker.join(Duration.ofMillis(WATCH_MILLISECONDS))) {
            tally.took(System.nanoTime() - start);
            Input input = current;
            if (input != null && isStuck(worker, input)) {
                abandon(worker, input);
                break;
            }
        }
        tally.took(System.nanoTime() - start);
        if (failed != null) {
            throw new IllegalStateException("the fuzzer itself failed at " + target.name(), failed);
        }
    }

    private boolean isStuck(Thread worker, Input input) {
        if (input != watched) {
            watched = input;
            elsewhereBegun = target.computedElsewhere();
        }
        long elapsed = System.nanoTime() - begun;
        long computed = THREADS.getThreadCpuTime(worker.threadId())
                - processorBegun
                + target.computedElsewhere()
                - elsewhereBegun;
        return input == current
                && (elapsed > limits.patience() || elapsed > limits.processor() && computed > limits.processor());
    }

    private void abandon(Thread worker, Input input) {
        abandoned = true;
        StackTraceElement[] frames = worker.getStackTrace();
        StringBuilder detail = new StringBuilder("it did not end in time; then it was at");
        for (StackTraceElement frame : frames) {
            detail.append("\n    ").append(frame);
        }
        hear(new Finding("no end in " + Finding.place(frames), detail.toString(), input));
        target.interrupt();
    }

    private void tryAll(long end) {
        try (Scratch scratch = new Scratch()) {
            Inputs inputs = new Inputs(target.seeds(), Corpus.of(target.name()), new SplittableRandom(seed));
            for (long i = 0;
                    i < limits.inputs() && (inputs.left() > 0 || System.nanoTime() - end < 0) && !abandoned;
                    i++) {
                tryOne(scratch, inputs);
            }
        } catch (Throwable e) {
            failed = e;
        }
    }

    private void tryOne(Scratch scratch, Inputs inputs) {
        Input input = inputs.next();
        boolean past = target.passesFirstCheck(input);
        try {
            scratch.write(input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        begun = System.nanoTime();
        processorBegun = THREADS.getThreadCpuTime(Thread.currentThread().threadId());
        current = input;
        Attempt attempt = Attempt.make(target, scratch.folder(), input);
        current = null;
        if (!abandoned) {
            tally.count(past, attempt);
            attempt.finding().ifPresent(this::hear);
            attempt.refusal()
                    .filter(refusal -> tally.isNewRefusal(refusal.problem()))
                    .ifPresent(_ -> inputs.keep(input));
        }
    }

    private void hear(Finding finding) {
        if (tally.add(finding)) {
            found.accept(finding);
        }
    }
}
