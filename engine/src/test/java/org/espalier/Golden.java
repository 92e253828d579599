package org.espalier;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.StoredTensor;

/** Reading of recorded figures, and comparison with them. */
public final class Golden {

    private Golden() {}

    /** A recorded file that is kept with the tests. */
    public static Path resource(String name) {
        try {
            return Path.of(Golden.class.getResource("/golden/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    public static JsonNode json(Path file) {
        try {
            return new ObjectMapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static double[] doubles(SafetensorsFile file, String name) {
        StoredTensor tensor = file.tensors().get(name);
        MemorySegment bytes = tensor.bytes();
        double[] numbers = new double[Math.toIntExact(tensor.shape().elements())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (tensor.type()) {
                case F64 -> bytes.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
                case F32 -> bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
                case I32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
                case I64 -> bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i);
                default -> throw new IllegalArgumentException(name + " is " + tensor.type());
            };
        }
        return numbers;
    }

    /** Numbers that are integers, whatever their type. */
    public static int[] integers(SafetensorsFile file, String name) {
        return Arrays.stream(doubles(file, name))
                .mapToInt(number -> (int) number)
                .toArray();
    }

    /** The numbers of an array. */
    public static double[] doubles(JsonNode array) {
        double[] numbers = new double[array.size()];
        Arrays.setAll(numbers, i -> array.get(i).asDouble());
        return numbers;
    }

    public static int[] ints(JsonNode array) {
        int[] numbers = new int[array.size()];
        Arrays.setAll(numbers, i -> array.get(i).asInt());
        return numbers;
    }

    /** Rows of an integer matrix. */
    public static int[][] ids(JsonNode rows) {
        int[][] ids = new int[rows.size()][];
        for (int r = 0; r < ids.length; r++) {
            ids[r] = new int[rows.get(r).size()];
            for (int i = 0; i < ids[r].length; i++) {
                ids[r][i] = rows.get(r).get(i).asInt();
            }
        }
        return ids;
    }

    /** Every number within {@code tolerance}, absolutely. */
    public static void assertClose(double[] expected, double[] actual, double tolerance, String subject) {
        assertEquals(expected.length, actual.length, subject);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance, subject + " at " + i);
        }
    }

    /** Every number within {@code tolerance} of the largest expected. */
    public static void assertCloseToLargest(double[] expected, double[] actual, double tolerance, String subject) {
        double largest = 0;
        for (double number : expected) {
            largest = Math.max(largest, Math.abs(number));
        }
        assertClose(expected, actual, tolerance * largest, subject);
    }
}
