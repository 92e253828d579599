package org.espalier.bench.gpu;

import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.OpCase;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.tensor.DType;

/**
 * Every operation at the sizes of models: compared, then timed, forwards and backwards. Products with a 16-bit weight are tried in
 * {@link Precision#HALF} too.
 */
final class Laboratory {

    private final CheckDevice device;
    private final Limits limits;
    private final Stopwatch watch;
    private final CheckTable table;

    Laboratory(CheckDevice device, Limits limits, Stopwatch watch, CheckTable table) {
        this.device = device;
        this.limits = limits;
        this.watch = watch;
        this.table = table;
    }

    /** Tries one case after the other until time is over, which gets a row; {@code begins} hears the name of each. */
    void run(Stream<OpCase<? super Backend>> cases, Deadline deadline, Consumer<String> begins) {
        Iterator<OpCase<? super Backend>> each = cases.iterator();
        while (each.hasNext()) {
            if (deadline.over()) {
                table.add("laboratory", "what is left of it", "not run: no time");
                return;
            }
            OpCase<? super Backend> opCase = each.next();
            begins.accept(opCase.name());
            precisions(opCase).forEach(precision -> run(opCase, precision));
        }
    }

    /** Those that differ: another type of the weight, and all other operations, are always computed in float32. */
    private static List<Precision> precisions(OpCase<?> opCase) {
        DType weight = opCase.typeOf("w", DType.F32);
        boolean narrow = opCase.operation().equals("linear") && (weight == DType.BF16 || weight == DType.F16);
        return narrow ? List.of(Precision.FLOAT32, Precision.HALF) : List.of(Precision.FLOAT32);
    }

    private void run(OpCase<? super Backend> opCase, Precision precision) {
        String name = opCase.name() + (precision == Precision.FLOAT32 ? "" : " in " + precision);
        CudaBackend cuda = device.in(precision);
        try {
            time(opCase, cuda, name, check(opCase, cuda, precision));
        } catch (RuntimeException | AssertionError e) {
            table.fail("laboratory", name, String.valueOf(e.getMessage()));
        }
    }

    private static String check(OpCase<? super Backend> opCase, CudaBackend cuda, Precision precision) {
        Comparison.Found found = Comparison.of(opCase, cuda, precision);
        return "error %.0e".formatted(found.error()) + (found.scalar() ? "" : " (cpu)");
    }

    /** A whole backend is every family; the case says which is meant. */
    @SuppressWarnings({"unchecked", "UnusedVariable"})
    private static <F> F family(OpCase<F> opCase, Backend backend) {
        return (F) backend;
    }

    private <F> void time(OpCase<F> opCase, CudaBackend cuda, String name, String result) {
        double peak = limits.peak(opCase.typeOf("w", DType.F32));
        try (Rotation<F> rotation = new Rotation<>(opCase, cuda, family(opCase, cuda))) {
            table.add(
                    "forward",
                    name,
                    result,
                    rotation.forward(watch),
                    opCase.forwardBytes(DType.F32),
                    opCase.forwardFlops(),
                    limits.copy(),
                    peak);
            if (opCase.backward() != null) {
                table.add(
                        "backward",
                        name,
                        result,
                        rotation.backward(watch),
                        opCase.backwardBytes(DType.F32),
                        opCase.backwardFlops(),
                        limits.copy(),
                        peak);
            }
        }
    }
}
