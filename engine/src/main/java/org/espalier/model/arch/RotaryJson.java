package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.espalier.model.ConfigReader;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Scaling;

/** The rotary position embedding under the keys that most families have. */
final class RotaryJson {

    static final String ROTATED = "partial_rotary_factor";

    static final String THETA = "rope_theta";
    static final String PARAMETERS = "rope_parameters";
    private static final String SCALING = "rope_scaling";

    private static final String LONG_ROPE = "longrope";
    /** What the first models with it call it. */
    private static final String OLD_LONG_ROPE = "su";

    private RotaryJson() {}

    /** Of heads that are rotated as a whole. */
    static RotaryConfig read(ConfigReader json, int headDim) {
        double rotated = part(json, 1);
        if (rotated != 1) {
            throw json.failure(ROTATED + " is " + rotated, "use a model that rotates whole heads");
        }
        double base = json.number(THETA, 10000);
        return parameters(json)
                .map(own -> {
                    double theta = own.number(THETA, base);
                    return switch (kind(own)) {
                        case "yarn" -> new LongRotary(json, own, theta, headDim).yarn();
                        case LONG_ROPE, OLD_LONG_ROPE -> new LongRotary(json, own, theta, headDim).longRope();
                        case "dynamic" -> new LongRotary(json, own, theta, headDim).dynamic();
                        default -> of(own, base);
                    };
                })
                .orElseGet(() -> RotaryConfig.plain(base));
    }

    private static String kind(ConfigReader scaling) {
        return scaling.text("rope_type", scaling.text("type", "default"));
    }

    /** The part of each head's channels that is rotated. */
    static double part(ConfigReader json, double otherwise) {
        double outer = json.number(ROTATED, otherwise);
        return parameters(json).map(own -> own.number(ROTATED, outer)).orElse(outer);
    }

    /** In the words of transformers 5, beside which the older ones may stand. */
    private static Optional<ConfigReader> parameters(ConfigReader json) {
        Optional<ConfigReader> older = json.object(SCALING);
        return json.object(PARAMETERS).or(() -> older);
    }

    /**
     * Says once more, in the words of transformers before 5, what a configuration has under {@code rope_parameters}, which those
     * take no notice of.
     *
     * @param theta what they call the base
     */
    static void alsoForOlder(ObjectNode json, String theta) {
        if (json.get(PARAMETERS) instanceof ObjectNode own) {
            alsoForOlder(json, own, theta);
        }
    }

    /** As above, of one kind of layers, whose parameters are {@code own}. */
    static void alsoForOlder(ObjectNode json, ObjectNode own, String theta) {
        if (own.has(THETA)) {
            json.set(theta, own.get(THETA));
        }
        if (!own.path("rope_type").asText("default").equals("default")) {
            json.set(SCALING, own.deepCopy().without(List.of(THETA, ROTATED)));
        }
    }

    /** Frequencies of this base, unless the configuration names another, and how they are scaled. */
    static RotaryConfig scaled(ConfigReader json, double usualBase) {
        double base = json.number(THETA, usualBase);
        return parameters(json).map(own -> of(own, base)).orElseGet(() -> RotaryConfig.plain(base));
    }

    /** What the parameters themselves say. */
    static RotaryConfig of(ConfigReader scaling, double base) {
        double theta = scaling.number(THETA, base);
        String kind = kind(scaling);
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
                throw scaling.failure(
                        "rotary scaling '" + kind + "' is not supported",
                        "use default, linear, llama3, yarn or longrope");
        };
    }

    static void write(ObjectNode json, RotaryConfig rotary) {
        json.put(THETA, rotary.theta());
        if (rotary.scaling() == Scaling.DEFAULT) {
            json.putNull(SCALING);
            return;
        }
        ObjectNode scaling = json.putObject(SCALING);
        if (rotary.scaling() == Scaling.DIVIDED) {
            LongRotary.write(scaling, rotary.divided());
            return;
        }
        scaling.put("rope_type", rotary.scaling() == Scaling.LINEAR ? "linear" : "llama3");
        scaling.put("factor", rotary.factor());
        if (rotary.scaling() == Scaling.LLAMA3) {
            scaling.put("low_freq_factor", rotary.lowFrequency());
            scaling.put("high_freq_factor", rotary.highFrequency());
            scaling.put("original_max_position_embeddings", (long) rotary.originalContext());
        }
    }
}
