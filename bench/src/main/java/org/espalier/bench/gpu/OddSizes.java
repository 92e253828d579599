package org.espalier.bench.gpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.OpCase;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaBackend;

/** Every kernel once: the small cases of every operation, whose sizes are odd, each compared with the scalar reference. */
final class OddSizes {

    private final CudaBackend cuda;
    private final CheckTable table;

    OddSizes(CudaBackend cuda, CheckTable table) {
        this.cuda = cuda;
        this.table = table;
    }

    /** A row for each operation and one for each case that is wrong; operations for which no time is left get a row too. */
    void run(Stream<OpCase<? super Backend>> cases, Deadline deadline) {
        Map<String, List<OpCase<? super Backend>>> operations = new LinkedHashMap<>();
        cases.forEach(c -> operations
                .computeIfAbsent(c.operation(), o -> new ArrayList<>())
                .add(c));
        operations.forEach((operation, all) -> run(operation, all, deadline));
    }

    private void run(String operation, List<OpCase<? super Backend>> all, Deadline deadline) {
        int tried = 0;
        int wrong = 0;
        double largest = 0;
        for (OpCase<? super Backend> opCase : all.stream()
                .sorted(Comparator.comparingLong(OpCase::forwardFlops))
                .toList()) {
            if (deadline.over()) {
                break;
            }
            tried++;
            try {
                largest = Math.max(
                        largest, Comparison.of(opCase, cuda, Precision.FLOAT32).error());
            } catch (RuntimeException | AssertionError e) {
                wrong++;
                table.fail("kernels", opCase.name(), e.getMessage());
            }
        }
        if (tried == 0) {
            table.add("kernels", operation, "not run: no time");
        } else if (wrong == 0) {
            String some = tried == all.size() ? "" : " of " + all.size();
            table.add("kernels", operation + ", cases: " + tried + some, "error %.0e".formatted(largest));
        }
    }
}
