package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.backend.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;

/** The comparison itself can fail, and the list it runs on is what it says. */
class ConformanceTest {

    @Test
    void errorIsRelativeToTheSizeOfTheOutput() {
        assertEquals(0.01, Conformance.error(new double[] {10, 0}, new double[] {11, 0}, 0), 1e-15);
        assertEquals(0.5, Conformance.error(new double[] {0, 0}, new double[] {1, 0}, 1), 1e-15);
        assertEquals(0, Conformance.error(new double[2], new double[2], 0));
    }

    @Test
    void aNumberThatIsNoneIsNeverWithinATolerance() {
        assertTrue(Double.isNaN(Conformance.error(new double[] {1}, new double[] {Double.NaN}, 0)));
        assertTrue(Double.isInfinite(Conformance.error(new double[] {0}, new double[] {1}, 0)));
    }

    @Test
    void aSmallWrongTermIsFound() {
        OpCase<ElementwiseOps> opCase = OpCases.elementwise().stream()
                .filter(c -> c.operation().equals("accumulate"))
                .findFirst()
                .orElseThrow();
        try (ReferenceBackend reference = new ReferenceBackend()) {
            ElementwiseOps wrong = withWrongAccumulate(reference);
            AssertionError found =
                    assertThrows(AssertionError.class, () -> Conformance.check(opCase, reference, wrong));
            assertTrue(
                    found.getMessage().startsWith(opCase.name() + ", target: normalised mean squared error"),
                    found.getMessage());
        }
    }

    @Test
    void caseNamesAreUnique() {
        List<String> names = OpCases.all().map(OpCase::name).toList();
        Set<String> unique = new HashSet<>(names);
        names.forEach(name -> assertTrue(unique.remove(name), "twice in the list: " + name));
    }

    /** Off by a ten-thousandth in one operation. */
    private static ElementwiseOps withWrongAccumulate(ElementwiseOps right) {
        return (ElementwiseOps) Proxy.newProxyInstance(
                ElementwiseOps.class.getClassLoader(),
                new Class<?>[] {ElementwiseOps.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("accumulate")) {
                        arguments[2] = (double) arguments[2] * 1.0001;
                    }
                    return method.invoke(right, arguments);
                });
    }
}
