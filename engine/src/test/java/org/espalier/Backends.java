package org.espalier;

import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.StandIn;
import org.espalier.backend.reference.ReferenceBackend;

/** Backends by name, for parameterised tests. */
public final class Backends {

    private Backends() {}

    public static Backend open(String name) {
        return switch (name) {
            case "reference" -> new ReferenceBackend();
            case "cpu" -> cpu(2);
            case "cuda" -> cuda();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** The CPU with so many threads. */
    public static Backend cpu(int threads) {
        return new CpuBackend(threads);
    }

    /** On the stand-in, or on the driver that was named; skips the test that asks where there is neither. */
    private static Backend cuda() {
        StandIn.require();
        return CudaBackend.open(0);
    }
}
