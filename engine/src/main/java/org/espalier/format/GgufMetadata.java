package org.espalier.format;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.espalier.error.Failure;

/** Typed reading of GGUF metadata: a value that is missing or of another kind is one clear line. */
final class GgufMetadata {

    private final Path path;
    private final Map<String, Object> values;

    GgufMetadata(Path path, Map<String, Object> values) {
        this.path = path;
        this.values = values;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    String string(String key) {
        return optionalString(key).orElseThrow(() -> missing(key));
    }

    Optional<String> optionalString(String key) {
        Object value = values.get(key);
        if (value == null || value instanceof String) {
            return Optional.ofNullable((String) value);
        }
        throw wrong(key, "is not a string");
    }

    /** A whole number from 0 to the largest int. */
    int count(String key) {
        return optionalCount(key).orElseThrow(() -> missing(key));
    }

    Optional<Integer> optionalCount(String key) {
        Object value = values.get(key);
        return value == null ? Optional.empty() : Optional.of(toCount(key, value));
    }

    /** One count for each of {@code layers} layers, from an array of that many or from one number for all. */
    int[] countsPerLayer(String key, int layers) {
        Object value = values.get(key);
        if (value == null) {
            throw missing(key);
        }
        int[] counts = new int[layers];
        if (value instanceof Long) {
            Arrays.fill(counts, toCount(key, value));
            return counts;
        }
        if (!(value instanceof int[] numbers) || numbers.length != layers) {
            throw wrong(key, "is neither a number nor an array of " + layers + " numbers");
        }
        for (int i = 0; i < layers; i++) {
            counts[i] = toCount(key, (long) numbers[i]);
        }
        return counts;
    }

    /** A finite number; float32 becomes the float64 that prints the same, so that 1e-5 stays 1e-5. */
    double number(String key) {
        return optionalNumber(key).orElseThrow(() -> missing(key));
    }

    Optional<Double> optionalNumber(String key) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
            throw wrong(key, "is not a finite number");
        }
        return Optional.of(value instanceof Float ? Double.parseDouble(value.toString()) : number.doubleValue());
    }

    Failure wrong(String key, String what) {
        return new Failure("metadata " + key + " " + what, path.toString(), "convert the model again");
    }

    private int toCount(String key, Object value) {
        if (value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
            return (int) (long) number;
        }
        throw wrong(key, "is not a whole number from 0 to " + Integer.MAX_VALUE);
    }

    private Failure missing(String key) {
        return wrong(key, "is missing");
    }
}
