package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;

/**
 * Reads the values of a Hugging Face {@code config.json}, refusing those that are impossible. It remembers which values were
 * asked for, so that what a family does not understand is seen; {@link UnknownKeys} says which of these matter.
 */
public final class ConfigReader {

    /** The largest width of anything: far above any model, far below what overflows. */
    public static final int LARGEST = 1 << 24;

    private final JsonNode root;
    private final String where;
    private final Set<String> understood = new HashSet<>();
    private final Map<String, ConfigReader> objects = new LinkedHashMap<>();

    /**
     * Reads a {@code config.json}.
     *
     * @param where the file, for messages
     * @throws Failure if it is no object
     */
    public ConfigReader(JsonNode root, String where) {
        this.root = root;
        this.where = where;
        if (!root.isObject()) {
            throw failure("configuration is not a JSON object", "use the config.json of a Hugging Face checkpoint");
        }
    }

    /** The Hugging Face class that the configuration names, or else this one. */
    public String architecture(String otherwise) {
        JsonNode first = value("architectures").path(0);
        return first.isTextual() ? first.asText() : otherwise;
    }

    /** A value that is an object of its own; empty if it is missing or null. */
    public Optional<ConfigReader> object(String key) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isObject()) {
            throw failure(key + " is " + brief(node), "it must be an object");
        }
        return Optional.of(objects.computeIfAbsent(key, _ -> new ConfigReader(node, where)));
    }

    /** The texts of a list; empty if it is missing or null. */
    public List<String> texts(String key) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return List.of();
        }
        if (!node.isArray() || !node.valueStream().allMatch(JsonNode::isTextual)) {
            throw failure(key + " is " + brief(node), "it must be a list of texts");
        }
        return node.valueStream().map(JsonNode::textValue).toList();
    }

    /** The names of all values. */
    public List<String> keys() {
        List<String> keys = new ArrayList<>();
        root.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /**
     * What nobody has asked for and is neither null, false nor empty, in the order of the file; what is inside of an object
     * under {@code outer.inner}.
     */
    List<String> unread() {
        List<String> unread = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            String key = entry.getKey();
            if (objects.containsKey(key)) {
                objects.get(key).unread().forEach(inner -> unread.add(key + "." + inner));
            } else if (!understood.contains(key) && says(entry.getValue())) {
                unread.add(key);
            }
        }
        return unread;
    }

    private static boolean says(JsonNode value) {
        return !value.isNull()
                && !(value.isBoolean() && !value.booleanValue())
                && !(value.isTextual() && value.textValue().isEmpty())
                && !(value.isContainerNode() && value.isEmpty());
    }

    private JsonNode value(String key) {
        understood.add(key);
        return root.path(key);
    }

    /** Whether there is a whole number of this name. */
    public boolean hasInteger(String key) {
        return value(key).isInt();
    }

    /** The whole numbers of a list; empty if it is missing or null. */
    public Optional<List<Integer>> numbers(String key) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isArray() || !node.valueStream().allMatch(JsonNode::isInt)) {
            throw failure(key + " is " + brief(node), "it must be a list of whole numbers");
        }
        return Optional.of(node.valueStream().map(JsonNode::intValue).toList());
    }

    /** Numbers in a list; empty if it is missing or null. */
    public Optional<List<Double>> reals(String key) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isArray() || !node.valueStream().allMatch(JsonNode::isNumber)) {
            throw failure(key + " is " + brief(node), "it must be a list of numbers");
        }
        return Optional.of(node.valueStream().map(JsonNode::doubleValue).toList());
    }

    /** Lists of numbers in a list; empty if it is missing or null. */
    public Optional<List<List<Double>>> rows(String key) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        boolean numbers = node.isArray()
                && node.valueStream()
                        .allMatch(row -> row.isArray() && row.valueStream().allMatch(JsonNode::isNumber));
        if (!numbers) {
            throw failure(key + " is " + brief(node), "it must be a list of lists of numbers");
        }
        return Optional.of(node.valueStream()
                .map(row -> row.valueStream().map(JsonNode::doubleValue).toList())
                .toList());
    }

    /** A value that is true or false; false if it is missing. */
    public boolean flag(String key) {
        return flag(key, false);
    }

    /** A value that is true or false; {@code otherwise} if it is missing or null. */
    public boolean flag(String key, boolean otherwise) {
        JsonNode node = value(key);
        if (!node.isMissingNode() && !node.isNull() && !node.isBoolean()) {
            throw failure(key + " is " + brief(node), "it must be true or false");
        }
        return node.asBoolean(otherwise);
    }

    /** A text; {@code otherwise} if it is missing or null. */
    public String text(String key, String otherwise) {
        JsonNode node = value(key);
        if (!node.isMissingNode() && !node.isNull() && !node.isTextual()) {
            throw failure(key + " is " + brief(node), "it must be a text");
        }
        return node.isTextual() ? node.asText() : otherwise;
    }

    /** A positive number; {@code otherwise} if it is missing. */
    public double number(String key, double otherwise) {
        JsonNode node = value(key);
        if (node.isMissingNode() || node.isNull()) {
            return otherwise;
        }
        double value = node.asDouble(Double.NaN);
        if (!node.isNumber() || !(value > 0) || value > 1e12) {
            throw failure(key + " is " + brief(node), "it must be a positive number");
        }
        return value;
    }

    /** A positive size that must be there. */
    public int size(String key) {
        if (missing(key)) {
            throw failure(key + " is missing", "use the config.json of a Hugging Face checkpoint");
        }
        return within(key, 1);
    }

    /** A positive size; {@code otherwise} if it is missing. */
    public int size(String key, int otherwise) {
        return missing(key) ? otherwise : within(key, 1);
    }

    /** A size that may be 0; {@code otherwise} if it is missing. */
    public int width(String key, int otherwise) {
        return missing(key) ? otherwise : within(key, 0);
    }

    private boolean missing(String key) {
        return value(key).isMissingNode() || value(key).isNull();
    }

    private int within(String key, int least) {
        JsonNode node = value(key);
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.asInt() < least || node.asInt() > LARGEST) {
            throw failure(key + " is " + brief(node), "it must be a whole number from " + least + " to " + LARGEST);
        }
        return node.asInt();
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    /** A failure that names the file. */
    public Failure failure(String problem, String advice) {
        return new Failure(problem, where, advice);
    }
}
