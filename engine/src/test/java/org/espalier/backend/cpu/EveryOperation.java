package org.espalier.backend.cpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.espalier.backend.Backend;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.OpRun;

/**
 * Runs the cases of every operation, whose numbers are the same every time, and keeps a checksum of each result. As a
 * program it prints those of small cases, so that another JVM can be compared with this one.
 */
final class EveryOperation {

    /** The size of the largest case that an interpreter manages. */
    static final long SMALL = 1_000;
    /** Includes cases that several threads share. */
    static final long LARGE = 110_000_000;

    private EveryOperation() {}

    /** The cases of at most so many floating-point operations in the forward step, and numbers in all operands. */
    static List<OpCase<? super Backend>> cases(long most) {
        return OpCases.all()
                .filter(c -> c.forwardFlops() <= most && numbers(c) <= most)
                .toList();
    }

    private static long numbers(OpCase<?> opCase) {
        return opCase.operands().stream().mapToLong(o -> o.shape().elements()).sum();
    }

    /** Checksums by name of the case. */
    static Map<String, Long> checksums(CpuBackend cpu, List<OpCase<? super Backend>> cases) {
        Map<String, Long> sums = new LinkedHashMap<>();
        cases.forEach(opCase -> sums.put(opCase.name(), checksum(cpu, opCase)));
        return sums;
    }

    public static void main(String[] arguments) {
        try (CpuBackend cpu = new CpuBackend(2)) {
            checksums(cpu, cases(SMALL)).forEach((name, sum) -> System.out.println(name + "=" + sum));
        }
    }

    private static <F> long checksum(CpuBackend cpu, OpCase<F> opCase) {
        @SuppressWarnings("unchecked")
        F ops = (F) cpu;
        CRC32C sum = new CRC32C();
        try (OpRun<F> run = opCase.open(cpu, 0)) {
            run.forward(ops);
            run.backward(ops);
            for (String output : opCase.outputs()) {
                sum.update(run.readBytes(output));
            }
        }
        return sum.getValue();
    }
}
