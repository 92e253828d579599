package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tensor.Tensor;
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
            ElementwiseOps wrong = new WrongElementwise(reference);
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

    /** Off by a ten-thousandth. */
    private record WrongElementwise(ReferenceBackend right) implements ElementwiseOps {

        @Override
        public void add(Queue queue, Tensor a, Tensor b, float scale, Tensor out) {
            right.add(queue, a, b, scale, out);
        }

        @Override
        public void accumulate(Queue queue, Tensor source, float scale, Target target) {
            right.accumulate(queue, source, scale * 1.0001f, target);
        }

        @Override
        public void multiply(Queue queue, Tensor a, Tensor b, Target out) {
            right.multiply(queue, a, b, out);
        }

        @Override
        public void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
            right.swiGlu(queue, gate, up, out);
        }

        @Override
        public void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
            right.swiGluBackward(queue, gate, up, dOut, dGate, dUp);
        }

        @Override
        public void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
            right.dropout(queue, x, mask, y);
        }
    }
}
