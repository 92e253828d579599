package org.espalier.tape.op;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.espalier.tape.Value;

/** Checks made when an operation is recorded. */
final class Operands {

    private Operands() {
    }

    /** Refuses operands that do not fit, naming the operation and all shapes. */
    static void require(boolean fits, String operation, Value... values) {
        if (!fits) {
            throw new IllegalArgumentException(operation + ": operands do not fit: " + Arrays.toString(values));
        }
    }

    /** The values that are not null. */
    static List<Value> present(Value... values) {
        return Arrays.stream(values).filter(Objects::nonNull).toList();
    }

    /** Whether {@code value} has exactly these extents. */
    static boolean has(Value value, long... dims) {
        return Arrays.equals(value.shape().toArray(), dims);
    }
}
