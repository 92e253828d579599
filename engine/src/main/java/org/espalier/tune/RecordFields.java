package org.espalier.tune;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which fields of a JSON record hold what is learned, where they do not have their usual names.
 *
 * @param names the field that stands for a usual one, by the usual name
 */
public record RecordFields(Map<String, String> names) {

    /** The fields that examples are made from. */
    private static final List<String> USUAL =
            List.of("prompt", "completion", "text", "instruction", "input", "output", "messages");

    /** Every field has its usual name. */
    public static final RecordFields AS_USUAL = new RecordFields(Map.of());

    public RecordFields {
        names = Map.copyOf(names);
    }

    /**
     * Reads what stands for which, as in {@code prompt=question,completion=answer}.
     *
     * @throws IllegalArgumentException that says what is wrong with it
     */
    public static RecordFields parse(String given) {
        Map<String, String> names = new TreeMap<>();
        for (String pair : given.split(",", -1)) {
            int equals = pair.indexOf('=');
            String usual = equals < 0 ? pair : pair.substring(0, equals);
            if (equals < 0 || equals == pair.length() - 1) {
                throw new IllegalArgumentException("'" + pair + "' is not of the form prompt=question");
            }
            if (!USUAL.contains(usual)) {
                throw new IllegalArgumentException(
                        "'" + usual + "' is no field of examples; " + String.join(", ", USUAL) + " are");
            }
            if (names.put(usual, pair.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("'" + usual + "' is given twice");
            }
        }
        return new RecordFields(names);
    }

    /** The field of a record that holds what usually stands under {@code usual}. */
    String of(String usual) {
        return names.getOrDefault(usual, usual);
    }
}
