package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
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

    static Stream<OpCase<? super Backend>> all() {
        return OpCases.all();
    }

    @ParameterizedTest
    @MethodSource("all")
    void cpuAgreesWithTheReference(OpCase<? super Backend> opCase) {
        try (CpuBackend cpu = new CpuBackend(2)) {
            Conformance.check(opCase, cpu, cpu);
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
