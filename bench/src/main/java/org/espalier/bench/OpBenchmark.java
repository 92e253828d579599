package org.espalier.bench;

import java.util.concurrent.TimeUnit;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.ModelCases;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpRun;
import org.espalier.backend.cpu.CpuBackend;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One operation of the cpu backend at one size. What it computes is compared with the reference before it is timed. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 9, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class OpBenchmark {

    /** Name of a case of {@link ModelCases}. */
    @Param({})
    public String opCase;

    /** Threads of the backend. */
    @Param({})
    public int threads;

    private Backend cpu;
    private OpRun<? super Backend> run;

    /** Compares the case with the reference, then runs its forward step once, which its backward step needs. */
    @Setup
    public void open() {
        cpu = new CpuBackend(threads);
        OpCase<? super Backend> chosen = ModelCases.named(opCase);
        check(chosen);
        run = open(chosen);
        run.forward(cpu);
    }

    private <F> void check(OpCase<F> chosen) {
        @SuppressWarnings("unchecked") // a whole backend is every family
        F family = (F) cpu;
        Conformance.check(chosen, cpu, family);
    }

    private OpRun<? super Backend> open(OpCase<? super Backend> chosen) {
        return chosen.open(cpu, 0);
    }

    /** The operation itself, to the end of its work. */
    @Benchmark
    public void forward() {
        run.forward(cpu);
        run.queue().finish();
    }

    /** Its derivatives, to the end of their work. */
    @Benchmark
    public void backward() {
        run.backward(cpu);
        run.queue().finish();
    }

    /** Frees the operands, then the backend. */
    @TearDown
    public void close() {
        run.close();
        cpu.close();
    }
}
