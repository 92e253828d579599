package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.espalier.model.ConfigReader;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Scaling;

/** The rotary position embedding under the keys that most families have. */
final class RotaryJson {

    private static final String ROTATED = "partial_rotary_factor";

    private RotaryJson() {}

    static RotaryConfig read(ConfigReader json) {
        ConfigReader parameters = json.object("rope_parameters").orElse(null);
        ConfigReader scaling = parameters == null ? json.object("rope_scaling").orElse(null) : parameters;
        double base = json.number("rope_theta", 10000.0);
        if (scaling == null) {
            requireWhole(json, json);
            return RotaryConfig.plain(base);
        }
        double theta = scaling.number("rope_theta", base);
        String kind = scaling.text("rope_type", scaling.text("type", "default"));
        requireWhole(json, scaling);
        return switch (kind) {
            case "default" -> RotaryConfig.plain(theta);
            case "linear" -> new RotaryConfig(theta, Scaling.LINEAR, scaling.number("factor", 1), 1, 4, 8192);
            case "llama3" ->
                new RotaryConfig(
                        theta,
                        Scaling.LLAMA3,
                        scaling.number("factor", 8),
                        scaling.number("low_freq_factor", 1),
                        scaling.number("high_freq_factor", 4),
                        scaling.number("original_max_position_embeddings", 8192));
            default ->
                throw json.failure("rotary scaling '" + kind + "' is not supported", "use default, linear or llama3");
        };
    }

    /** Only heads that are rotated as a whole are known here. */
    private static void requireWhole(ConfigReader json, ConfigReader parameters) {
        double rotated = parameters.number(ROTATED, json.number(ROTATED, 1));
        if (rotated != 1) {
            throw json.failure(ROTATED + " is " + rotated, "use a model that rotates whole heads");
        }
    }

    static void write(ObjectNode json, RotaryConfig rotary) {
        json.put("rope_theta", rotary.theta());
        if (rotary.scaling() == Scaling.DEFAULT) {
            json.putNull("rope_scaling");
            return;
        }
        ObjectNode scaling = json.putObject("rope_scaling");
        scaling.put("rope_type", rotary.scaling() == Scaling.LINEAR ? "linear" : "llama3");
        scaling.put("factor", rotary.factor());
        if (rotary.scaling() == Scaling.LLAMA3) {
            scaling.put("low_freq_factor", rotary.lowFrequency());
            scaling.put("high_freq_factor", rotary.highFrequency());
            scaling.put("original_max_position_embeddings", rotary.originalContext());
        }
    }
}
