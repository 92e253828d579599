package org.espalier.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.espalier.backend.Backend;
import org.espalier.backend.ModelCases;
import org.espalier.backend.OpCase;
import org.espalier.tensor.DType;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link OpBenchmark} on every case of {@link ModelCases} whose name contains a given text, and prints a table. A peer
 * is asked for the same operation right before and right after each benchmark, so that both meet the same machine. Every
 * figure is a median. Arguments: threads, text (may be empty), and the peer's command if there is one.
 */
public final class OpSpeed {

    private final int threads;
    private final Peer peer;

    private OpSpeed(int threads, Peer peer) {
        this.threads = threads;
        this.peer = peer;
    }

    /**
     * Prints the table.
     *
     * @throws RunnerException if a benchmark cannot be run
     */
    public static void main(String[] args) throws RunnerException {
        if (args.length < 2) {
            System.err.println("usage: OpSpeed THREADS TEXT [PEER...]");
            System.exit(2);
        }
        List<String> command = List.of(args).subList(2, args.length);
        try (Peer peer = command.isEmpty() ? null : new Peer(command)) {
            new OpSpeed(Integer.parseInt(args[0]), peer).run(args[1]);
        }
    }

    private void run(String text) throws RunnerException {
        String other = peer == null ? "" : " " + peer.name() + " µs | ratio |";
        System.out.println("| operation | step | µs | GFLOP/s | GB/s |" + other);
        System.out.println("|---|---|--:|--:|--:|" + (peer == null ? "" : "--:|--:|"));
        for (OpCase<? super Backend> opCase : containing(ModelCases.decoding(), text)) {
            measure(opCase, "forward", opCase.forwardFlops(), opCase.forwardBytes(DType.F32));
        }
        for (OpCase<? super Backend> opCase : containing(ModelCases.whole(), text)) {
            measure(opCase, "forward", opCase.forwardFlops(), opCase.forwardBytes(DType.F32));
            if (opCase.backward() != null) {
                measure(opCase, "backward", opCase.backwardFlops(), opCase.backwardBytes(DType.F32));
            }
        }
    }

    private static List<OpCase<? super Backend>> containing(List<OpCase<? super Backend>> cases, String text) {
        return cases.stream().filter(c -> c.name().contains(text)).toList();
    }

    private void measure(OpCase<?> opCase, String step, long flops, long bytes) throws RunnerException {
        List<Double> theirs = new ArrayList<>(peerMicros(step, opCase.name()));
        double ours = micros(opCase.name(), step);
        theirs.addAll(peerMicros(step, opCase.name()));
        StringBuilder row = new StringBuilder(String.format(
                Locale.ROOT,
                "| %s | %s | %.2f | %.1f | %.1f |",
                opCase.name(),
                step,
                ours,
                flops / ours / 1e3,
                bytes / ours / 1e3));
        if (peer != null) {
            double median = theirs.isEmpty()
                    ? Double.NaN
                    : median(theirs.stream().mapToDouble(Double::doubleValue).toArray());
            row.append(theirs.isEmpty() ? " | |" : String.format(Locale.ROOT, " %.2f | %.2f |", median, median / ours));
        }
        System.out.println(row);
    }

    private double micros(String opCase, String step) throws RunnerException {
        Options options = new OptionsBuilder()
                .include(OpBenchmark.class.getName() + "." + step + "$")
                .param("opCase", opCase)
                .param("threads", Integer.toString(threads))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        RunResult result = new Runner(options).runSingle();
        return median(result.getAggregatedResult().getIterationResults().stream()
                .mapToDouble(i -> i.getPrimaryResult().getScore())
                .toArray());
    }

    /** None where the peer has no such operation. */
    private List<Double> peerMicros(String step, String opCase) {
        List<Double> micros = new ArrayList<>();
        if (peer != null) {
            for (JsonNode seconds : peer.ask(step + " " + opCase).path("seconds")) {
                micros.add(seconds.asDouble() * 1e6);
            }
        }
        return micros;
    }

    private static double median(double[] samples) {
        double[] sorted = Arrays.stream(samples).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1
                ? sorted[middle]
                : DoubleStream.of(sorted[middle - 1], sorted[middle]).sum() / 2;
    }
}
