package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The list of cases on the cuda backend, on what nvcc compiled: the reference's numbers, and nothing left allocated. */
@ExtendWith(StandIn.class)
class CudaConformanceTest {

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
}
