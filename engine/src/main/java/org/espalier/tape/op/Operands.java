package org.espalier.tape.op;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.espalier.tape.Coupling;
import org.espalier.tape.Value;

/** Checks made when an operation is recorded. */
final class Operands {

    private Operands() {}

    /** Refuses operands that do not fit, naming the operation and all shapes. */
    static void require(boolean fits, String operation, Value... values) {
        if (!fits) {
            throw new IllegalArgumentException(operation + ": operands do not fit: " + Arrays.toString(values));
        }
    }

    /**
     * Refuses operands that share storage where a backward step writes the gradients of all of them at once: the later
     * would not add to the earlier.
     */
    static void requireApart(String operation, Value... values) {
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < i; j++) {
                boolean overlap = values[i].root() == values[j].root()
                        && values[i].start() < values[j].end()
                        && values[j].start() < values[i].end();
                require(!overlap, operation + " of overlapping", values[i], values[j]);
            }
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

    /** States that every axis of one is the same axis of the other. */
    static void sameAxes(Coupling c, Value one, Value other) {
        for (int axis = 0; axis < one.shape().rank(); axis++) {
            c.same(c.axis(one, axis), c.axis(other, axis));
        }
    }
}
