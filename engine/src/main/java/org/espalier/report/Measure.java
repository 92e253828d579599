package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * One number that was measured of a model: all that tables, pages and files need to know of an evaluation.
 *
 * @param name      what was measured, the same for every model that it is compared with
 * @param value     in the unit; null if it was not finite
 * @param unit      what it counts in
 * @param direction which way it gets better
 * @param protocol  how it was measured, for people; may be empty
 * @param settings  how it was measured, for programs: text, numbers and truth values by name; may be empty
 * @param ratio     to the same measure of the first model, where that was measured better than by dividing values; else
 *                  null
 * @param error     standard error of the value, in the unit; null where it is not known
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Measure(
        @JsonProperty(value = "name", required = true) String name,
        @JsonProperty("value") Double value,

        @JsonProperty(value = "unit", required = true) Unit unit,

        @JsonProperty(value = "direction", required = true) Direction direction,

        @JsonProperty("protocol") String protocol,
        @JsonProperty("settings") Map<String, Object> settings,
        @JsonProperty("ratio") Double ratio,
        @JsonProperty("error") Double error) {

    public Measure {
        Objects.requireNonNull(name, "a measure has no name");
        Objects.requireNonNull(unit, () -> "measure '" + name + "' has no unit");
        Objects.requireNonNull(direction, () -> "measure '" + name + "' has no direction");
        value = finite(value);
        ratio = finite(ratio);
        error = finite(error);
        protocol = protocol == null ? "" : protocol;
        settings = settings == null ? Map.of() : copy(name, settings);
    }

    /** A measure whose protocol is only a text. */
    public Measure(String name, Double value, Unit unit, Direction direction, String protocol) {
        this(name, value, unit, direction, protocol, Map.of(), null, null);
    }

    /** The same with the ratio to the first model's, as it was measured. */
    public Measure withRatio(Double measured) {
        return new Measure(name, value, unit, direction, protocol, settings, measured, error);
    }

    /** The same with the protocol for programs. */
    public Measure withSettings(Map<String, Object> named) {
        return new Measure(name, value, unit, direction, protocol, named, ratio, error);
    }

    /** The same with the standard error of the value. */
    public Measure withError(Double standardError) {
        return new Measure(name, value, unit, direction, protocol, settings, ratio, standardError);
    }

    /** In the given order; whole numbers of one type, so that what is read equals what was written. */
    private static Map<String, Object> copy(String name, Map<String, Object> settings) {
        Map<String, Object> copy = new LinkedHashMap<>();
        settings.forEach((key, setting) -> {
            Objects.requireNonNull(setting, () -> "'" + key + "' of measure '" + name + "' has no value");
            copy.put(key, setting instanceof Integer whole ? Long.valueOf(whole) : setting);
        });
        return Collections.unmodifiableMap(copy);
    }

    /** JSON has no word for what is not finite. */
    private static Double finite(Double value) {
        return value == null || !Double.isFinite(value) ? null : value;
    }
}
