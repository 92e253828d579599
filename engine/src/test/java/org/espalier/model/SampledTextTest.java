package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.backend.Sampling;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.StandIn;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tokens drawn on the device: a text follows from its seed, on every device and however its tokens came in. */
@ExtendWith(StandIn.class)
class SampledTextTest {

    private static final String GRAPHS = "espalier.cuda.graphs";
    private static final int[] PROMPT = {3, 1, 4, 1, 5};
    private static final int TOKENS = 40;
    private static final Sampling SAMPLING = new Sampling(1.2, 20, 0.9, 42);

    @AfterEach
    void asUsual() {
        System.clearProperty(GRAPHS);
    }

    @Test
    void everyDeviceDrawsTheSameText() {
        List<Integer> expected;
        try (CpuBackend cpu = new CpuBackend(2)) {
            expected = text(cpu, SAMPLING);
            assertNotEquals(expected, text(cpu, new Sampling(1.2, 20, 0.9, 43)));
            assertTrue(expected.stream().distinct().count() > 10, expected.toString());
        }
        try (CudaBackend cuda = CudaBackend.open(0)) {
            assertEquals(expected, text(cuda, SAMPLING));
            System.setProperty(GRAPHS, "off");
            assertEquals(expected, text(cuda, SAMPLING));
        }
    }

    @Test
    void textDoesNotDependOnHowItsTokensCameIn() {
        try (CpuBackend cpu = new CpuBackend(2);
                Model model = SmallModel.open(cpu, true);
                Generator generator = new Generator(model, 100, Optional.of(SAMPLING))) {
            int whole = generator.next(PROMPT);
            generator.rewind(0);
            generator.next(3, 1);
            generator.next(4);
            assertEquals(whole, generator.next(1, 5));
            generator.rewind(PROMPT.length - 1);
            assertEquals(whole, generator.next(5));
        }
    }

    private static List<Integer> text(Backend backend, Sampling sampling) {
        try (Model model = SmallModel.open(backend, true);
                Generator generator = new Generator(model, PROMPT.length + TOKENS, Optional.of(sampling))) {
            List<Integer> ids = new ArrayList<>(List.of(generator.next(PROMPT)));
            while (ids.size() < TOKENS) {
                ids.add(generator.next(ids.getLast()));
            }
            return ids;
        }
    }
}
