package org.espalier;

import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;

/** Backends by name, for parameterised tests. */
public final class Backends {

    private Backends() {
    }

    public static Backend open(String name) {
        return switch (name) {
            case "reference" -> new ReferenceBackend();
            case "cpu" -> cpu(2);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** The CPU with so many threads. */
    public static Backend cpu(int threads) {
        return new CpuBackend(threads);
    }
}
