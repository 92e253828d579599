package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.OpRun;
import org.espalier.backend.Operand;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The list of cases on the cuda backend, on what nvcc compiled: the reference's numbers, and nothing left allocated. */
@ExtendWith(StandIn.class)
class CudaConformanceTest {

    static final long MOST_FLOPS = 1_000_000;
    private static final long SMALL_FLOPS = 6_000;

    /** On the stand-in one of each operation and the large ones, for {@link EveryKernelTest} tries the others there. */
    static Stream<OpCase<? super Backend>> all() {
        Set<String> tried = new HashSet<>();
        return OpCases.all()
                .filter(c -> tried.add(c.operation()) || c.forwardFlops() > MOST_FLOPS || !StandIn.isItself());
    }

    @ParameterizedTest
    @MethodSource("all")
    void cudaAgreesWithTheReference(OpCase<? super Backend> opCase) {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            Conformance.check(opCase, cuda, cuda);
            assertEquals(List.of(), cuda.outstanding());
        }
    }

    /**
     * Cases of our own kernels, of moderate size: cuBLAS may take another way for another alignment.
     */
    @Test
    void placeInMemoryChangesNoBit() {
        try (CudaBackend cuda = CudaBackend.open(0)) {
            all().filter(c -> c.forwardFlops() <= MOST_FLOPS)
                    .filter(c -> !Set.of("linear", "correlate", "squaredGradients", "solve")
                            .contains(c.operation()))
                    .forEach(c -> checkPlaces(c, cuda));
        }
    }

    /**
     * Operands whose rows are aligned for vectors, and the same ones a number further on: all of them together, and in a
     * small case each one alone.
     */
    static void checkPlaces(OpCase<? super Backend> opCase, CudaBackend cuda) {
        Map<String, double[]> aligned = outputs(opCase, cuda, operand -> false);
        checkPlace(opCase, cuda, aligned, operand -> true);
        if (opCase.forwardFlops() <= SMALL_FLOPS) {
            opCase.operands().stream()
                    .filter(operand -> operand.role() != Operand.Role.WEIGHT)
                    .forEach(one -> checkPlace(opCase, cuda, aligned, operand -> operand == one));
        }
    }

    private static void checkPlace(
            OpCase<? super Backend> opCase,
            CudaBackend cuda,
            Map<String, double[]> aligned,
            Predicate<Operand> shifted) {
        outputs(opCase, cuda, shifted)
                .forEach((output, numbers) ->
                        assertArrayEquals(aligned.get(output), numbers, () -> opCase + ", " + output));
    }

    @SuppressWarnings("unchecked")
    private static <F> Map<String, double[]> outputs(OpCase<F> opCase, CudaBackend cuda, Predicate<Operand> shifted) {
        try (OpRun<F> run = opCase.openShifted(cuda, shifted)) {
            return run.outputs((F) cuda);
        }
    }
}
