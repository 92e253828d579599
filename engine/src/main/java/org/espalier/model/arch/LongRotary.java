package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.model.ConfigReader;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Beyond;
import org.espalier.model.RotaryConfig.Divided;

/**
 * Scalings of rotary positions that give every pair of a head's channels a divisor of its own, as transformers compute them
 * (5.17).
 */
final class LongRotary {

    private static final String FACTOR = "factor";
    private static final String LENGTH = "attention_factor";
    private static final String ORIGINAL = "original_max_position_embeddings";
    private static final String SHORT = "short_factor";
    private static final String LONG = "long_factor";

    private final ConfigReader scaling;
    private final double theta;
    private final int headDim;
    private final double longest;
    private final double original;
    private final double factor;

    /**
     * @param json    the whole configuration
     * @param scaling what it says of the scaling
     */
    LongRotary(ConfigReader json, ConfigReader scaling, double theta, int headDim) {
        this.scaling = scaling;
        this.theta = theta;
        this.headDim = headDim;
        this.longest = json.size("max_position_embeddings", 2048);
        int outside = json.size(ORIGINAL, (int) longest);
        this.original = scaling.size(ORIGINAL, outside);
        this.factor = scaling.number(FACTOR, longest / original);
    }

    /**
     * YaRN: pairs that turn often within the original context stay, those that turn seldom are over the factor, with a ramp
     * between.
     */
    RotaryConfig yarn() {
        if (theta <= 1) {
            throw scaling.failure("rope_theta is " + theta, "it must be more than 1");
        }
        double fast = scaling.number("beta_fast", 32);
        double slow = scaling.number("beta_slow", 1);
        boolean whole = scaling.flag("truncate", true);
        double low = pairTurning(fast);
        double high = pairTurning(slow);
        double first = Math.max(whole ? Math.floor(low) : low, 0);
        double last = Math.min(whole ? Math.ceil(high) : high, headDim - 1);
        double width = first == last ? 0.001 : last - first;
        List<Double> divisors = IntStream.range(0, headDim / 2)
                .mapToObj(i -> {
                    double ramp = Math.clamp((i - first) / width, 0, 1);
                    return 1 / (ramp / factor + 1 - ramp);
                })
                .toList();
        double numerator = scaling.number("mscale", 0);
        double denominator = scaling.number("mscale_all_dim", 0);
        double usual = numerator != 0 && denominator != 0 ? stretch(numerator) / stretch(denominator) : stretch(1);
        return RotaryConfig.divided(theta, new Divided(divisors, scaling.number(LENGTH, usual), null));
    }

    /** The pair, counted in fractions, that turns so many times within the original context. */
    private double pairTurning(double times) {
        return headDim * Math.log(original / (times * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private double stretch(double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /** LongRoPE: in texts beyond the original context other divisors hold, for all positions at once. */
    RotaryConfig longRope() {
        List<Double> divisors = divisors(SHORT);
        Beyond beyond = new Beyond((int) original, divisors(LONG));
        double usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return RotaryConfig.divided(
                theta, new Divided(divisors, scaling.number(LENGTH, usual), original < longest ? beyond : null));
    }

    private List<Double> divisors(String key) {
        List<Double> divisors = scaling.reals(key).orElse(List.of());
        if (divisors.size() != headDim / 2 || divisors.stream().anyMatch(divisor -> !(divisor > 0))) {
            throw scaling.failure(
                    key + " has " + divisors.size() + " numbers",
                    "it needs " + headDim / 2 + " positive ones, one for each pair of a head's channels");
        }
        return divisors;
    }

    /** Says the same divisors in the words of LongRoPE, the usual ones for every context where there are no others. */
    static void write(ObjectNode scaling, Divided divided) {
        scaling.put("rope_type", "longrope").put(LENGTH, divided.length());
        divided.divisors().forEach(scaling.putArray(SHORT)::add);
        Beyond beyond = divided.beyond();
        if (beyond != null) {
            scaling.put(ORIGINAL, beyond.context());
        }
        (beyond == null ? divided.divisors() : beyond.divisors()).forEach(scaling.putArray(LONG)::add);
    }

    /** Frequencies whose base grows only where a text is longer than the context that the model has here. */
    RotaryConfig dynamic() {
        if (original < longest) {
            throw scaling.failure(
                    ORIGINAL + " is " + (int) original + ", less than max_position_embeddings",
                    "use a model whose rotary base does not depend on the length of a text");
        }
        return RotaryConfig.plain(theta);
    }
}
