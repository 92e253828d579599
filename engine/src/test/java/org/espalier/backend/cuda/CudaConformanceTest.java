package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.OpRun;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The list of cases on the cuda backend, on what nvcc compiled: the reference's numbers, and nothing left allocated. */
@ExtendWith(StandIn.class)
class CudaConformanceTest {

    private static final long MOST_FLOPS = 1_000_000;

    static Stream<OpCase<? super Backend>> all() {
        return OpCases.all();
    }

    @ParameterizedTest
    @MethodSource("all")
    void cudaAgreesWithTheReference(OpCase<? super Backend> opCase) {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            Conformance.check(opCase, cuda, cuda);
            assertEquals(List.of(), cuda.outstanding());
        }
    }

    /** Cases of our own kernels, of moderate size: cuBLAS may take another way for another alignment. */
    static Stream<OpCase<? super Backend>> ofKernels() {
        return all().filter(c -> c.forwardFlops() <= MOST_FLOPS)
                .filter(c -> !Set.of("linear", "correlate", "squaredGradients", "solve").contains(c.operation()));
    }

    /** Operands whose rows are aligned for vectors, and the same ones a number further on. */
    @ParameterizedTest
    @MethodSource("ofKernels")
    void placeInMemoryChangesNoBit(OpCase<? super Backend> opCase) {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            Map<String, double[]> aligned = outputs(opCase, cuda, 0);
            outputs(opCase, cuda, 1).forEach((output, numbers) ->
                    assertArrayEquals(aligned.get(output), numbers, () -> opCase + ", " + output));
        }
    }

    @SuppressWarnings("unchecked")
    private static <F> Map<String, double[]> outputs(OpCase<F> opCase, CudaBackend cuda, int shift) {
        try (OpRun<F> run = opCase.openShifted(cuda, shift)) {
            return run.outputs((F) cuda);
        }
    }
}
