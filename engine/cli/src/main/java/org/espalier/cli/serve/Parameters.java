package org.espalier.cli.serve;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/** The JSON object of a request. Every parameter that is asked for counts as known; any other one is refused by its name. */
final class Parameters {

    private final ObjectNode body;
    private final Set<String> known = new HashSet<>();

    private Parameters(ObjectNode body) {
        this.body = body;
    }

    /** @throws ApiError if it is not a JSON object */
    static Parameters parse(byte[] utf8) {
        try (JsonParser parser = Json.parser(utf8)) {
            JsonNode node = Json.only(parser);
            if (node instanceof ObjectNode object) {
                return new Parameters(object);
            }
            throw ApiError.invalid("the request's body is not a JSON object");
        } catch (IOException e) {
            throw ApiError.invalid("the request's body is not JSON: " + reason(e));
        }
    }

    private static String reason(IOException e) {
        return Printable.line(String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable"));
    }

    /** The value, unless it is missing or null. */
    Optional<JsonNode> value(String name) {
        known.add(name);
        JsonNode value = body.path(name);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    Optional<String> text(String name) {
        return value(name).map(value -> {
            require(value.isTextual(), name, "a string");
            return value.textValue();
        });
    }

    boolean flag(String name) {
        return value(name)
                .map(value -> {
                    require(value.isBoolean(), name, "true or false");
                    return value.booleanValue();
                })
                .orElse(false);
    }

    OptionalInt whole(String name, int least, int most) {
        return value(name).stream()
                .mapToInt(value -> {
                    require(
                            value.canConvertToInt()
                                    && value.isIntegralNumber()
                                    && value.intValue() >= least
                                    && value.intValue() <= most,
                            name,
                            "a whole number from " + least + (most == Integer.MAX_VALUE ? "" : " to " + most));
                    return value.intValue();
                })
                .findFirst();
    }

    /** Any number of 64 bits. */
    OptionalLong seed(String name) {
        return value(name).stream()
                .mapToLong(value -> {
                    require(value.isIntegralNumber() && value.canConvertToLong(), name, "a whole number of 64 bits");
                    return value.longValue();
                })
                .findFirst();
    }

    /** A number within bounds, the upper one included. */
    OptionalDouble number(String name, double least, boolean including, double most) {
        return value(name).stream()
                .mapToDouble(value -> {
                    double number = value.isNumber() ? value.doubleValue() : Double.NaN;
                    require(
                            (including ? number >= least : number > least) && number <= most,
                            name,
                            "a number %s %s, at most %s".formatted(including ? "from" : "above", least, most));
                    return number;
                })
                .findFirst();
    }

    /** An object that belongs to the request, such as the options of a stream. */
    Optional<Parameters> inside(String name) {
        return value(name).map(value -> {
            require(value.isObject(), name, "an object");
            return new Parameters((ObjectNode) value);
        });
    }

    /** Lets a parameter pass that says nothing about the answer. */
    void ignore(String... names) {
        known.addAll(Set.of(names));
    }

    /** Lets a parameter pass where it asks for nothing: 0, false, an empty string, list or object. */
    void requireNothing(String name, String advice) {
        value(name).ifPresent(value -> {
            boolean nothing = value.isNumber() && value.doubleValue() == 0
                    || value.isBoolean() && !value.booleanValue()
                    || value.isTextual() && value.textValue().isEmpty()
                    || value.isContainerNode() && value.isEmpty();
            if (!nothing) {
                throw ApiError.unsupported(name, "'" + name + "' is not supported: " + advice);
            }
        });
    }

    /** @throws ApiError if there is a parameter that was not asked for */
    void requireNoOthers() {
        body.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw ApiError.unknown(Printable.cell(name));
            }
        });
    }

    static void require(boolean sound, String name, String wanted) {
        if (!sound) {
            throw ApiError.invalid(name, "'" + name + "' must be " + wanted);
        }
    }
}
