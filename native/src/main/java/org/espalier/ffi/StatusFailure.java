package org.espalier.ffi;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/** How the failure of a native call reads: its status, the operation with its shapes, what to do. */
final class StatusFailure {

    private StatusFailure() {}

    static Failure of(String status, String operation, Object[] shapes, String advice) {
        String where = Stream.concat(Stream.of(operation), Arrays.stream(shapes).map(StatusFailure::text))
                .collect(Collectors.joining(" "));
        return new Failure(status, where, advice);
    }

    private static String text(Object shape) {
        return switch (shape) {
            case int[] sizes -> Arrays.toString(sizes);
            case long[] sizes -> Arrays.toString(sizes);
            case null, default -> String.valueOf(shape);
        };
    }
}
