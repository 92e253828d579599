package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.espalier.backend.cpu.CpuBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole list of cases on the cpu backend: the reference's numbers. That they are the same bytes at any number of threads
 * is what {@link org.espalier.backend.cpu.SameBytesTest} shows.
 */
class BackendConformanceTest {

    /** Two operands, each off by at most 2⁻⁸ of itself, by a third of that squared on average; twice that where few are added. */
    private static final double HALF_ERROR = 4 * 0x1p-16 / 3;
    /** Two operands off by 2⁻¹⁶ of themselves, and the product of their second parts, of 2⁻⁸ each, left out. */
    private static final double SPLIT_ERROR = 3 * 0x1p-32;
    /**
     * Attention rounds what comes of rounded numbers, and takes differences of what is nearly equal; squares double an error.
     * A wrong term is above this still.
     */
    private static final double CHAINED_ERROR = 5e-4;

    static Stream<OpCase<? super Backend>> all() {
        return OpCases.all();
    }

    /**
     * Other precisions change products alone: of linear layers, of attention, of gradients whose squares are added. That those
     * of linear layers are the products of the rounded operands is what {@link org.espalier.backend.cpu.LinearProductsTest}
     * shows. All three are compared with what the reference, which takes the longest, gives once.
     */
    @ParameterizedTest
    @MethodSource("all")
    void cpuAgreesWithTheReferenceAndOtherPrecisionsRoundProductsAlone(OpCase<? super Backend> opCase) {
        Map<String, double[]> expected = Conformance.reference(opCase);
        double halfError = 0;
        double splitError = 0;
        switch (opCase.operation()) {
            case "linear", "linearBias" -> {
                halfError = HALF_ERROR;
                splitError = SPLIT_ERROR;
            }
            case "attention", "squaredGradients" -> halfError = CHAINED_ERROR;
            default -> {}
        }
        check(opCase, expected, Precision.FLOAT32, 0);
        check(opCase, expected, Precision.HALF, halfError);
        check(opCase, expected, Precision.SPLIT, splitError);
    }

    private static void check(
            OpCase<? super Backend> opCase, Map<String, double[]> expected, Precision precision, double most) {
        try (CpuBackend cpu = new CpuBackend(2, precision)) {
            Conformance.check(opCase, expected, cpu, cpu, most);
        }
    }

    @Test
    void everyOperationIsTried() {
        Set<String> declared = new TreeSet<>();
        Stream.of(Backend.class.getMethods()).map(Method::getName).forEach(declared::add);
        // What runs with every case, is the backward step of one, or is about memory and computes nothing.
        declared.removeAll(Set.of(
                "name",
                "computeType",
                "newQueue",
                "allocate",
                "weight",
                "upload",
                "download",
                "close",
                "ownMemory",
                "askWhenFull"));
        declared.removeIf(name -> name.contains("Backward"));
        assertEquals(
                declared, new TreeSet<>(OpCases.all().map(OpCase::operation).toList()));
        assertTrue(OpCases.all().count() > 250, "cases are missing from the list");
    }
}
