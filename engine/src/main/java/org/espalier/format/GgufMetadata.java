package org.espalier.format;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.espalier.error.Failure;

/** Typed reading of GGUF metadata: a value that is missing or of another kind is one clear line. */
public final class GgufMetadata {

    private final Path path;
    private final Map<String, Object> values;

    GgufMetadata(Path path, Map<String, Object> values) {
        this.path = path;
        this.values = values;
    }

    /** Whether there is a value of this key. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** A string that must be there. */
    public String string(String key) {
        return optionalString(key).orElseThrow(() -> missing(key));
    }

    /** A string, if there is one. */
    public Optional<String> optionalString(String key) {
        Object value = values.get(key);
        if (value == null || value instanceof String) {
            return Optional.ofNullable((String) value);
        }
        throw wrong(key, "is not a string");
    }

    /** A boolean that must be there. */
    public boolean flag(String key) {
        Object value = values.get(key);
        if (value == null) {
            throw missing(key);
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(key, "is not a boolean");
    }

    /** A whole number from 0 to the largest int. */
    public int count(String key) {
        return optionalCount(key).orElseThrow(() -> missing(key));
    }

    /** As {@link #count}, if there is one. */
    public Optional<Integer> optionalCount(String key) {
        Object value = values.get(key);
        return value == null ? Optional.empty() : Optional.of(toCount(key, value));
    }

    /** One count for each of {@code layers} layers, from an array of that many or from one number for all. */
    public int[] countsPerLayer(String key, int layers) {
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
    public double number(String key) {
        return optionalNumber(key).orElseThrow(() -> missing(key));
    }

    /** As {@link #number}, if there is one. */
    public Optional<Double> optionalNumber(String key) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
            throw wrong(key, "is not a finite number");
        }
        return Optional.of(value instanceof Float ? Double.parseDouble(value.toString()) : number.doubleValue());
    }

    /**
     * A failure because of a value.
     *
     * @param reason goes on after the key: {@code is not a string}
     */
    public Failure wrong(String key, String reason) {
        return new Failure("metadata " + key + " " + reason, path.toString(), "convert the model again");
    }

    /** A failure because of a tensor that is not as every such file has it. */
    public Failure damaged(String message) {
        return new Failure(message, path.toString(), GgufCursor.ADVICE);
    }

    /** A failure because of what cannot be computed. */
    public Failure unsupported(String message, String advice) {
        return new Failure(message, path.toString(), advice);
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
