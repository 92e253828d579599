package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.format.TensorEntry;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Scaling;
import org.espalier.tensor.Shape;

/**
 * The rotary position embedding in GGUF files: a base, a factor for all frequencies, and for LLaMA 3.1 and later a tensor of
 * divisors.
 */
final class LlamaGgufRope {

    private static final String BASE = "rope.freq_base";
    private static final String TYPE = "rope.scaling.type";
    private static final String FACTOR = "rope.scaling.factor";
    /** Old files. */
    private static final String LINEAR_FACTOR = "rope.scale_linear";

    /** What published LLaMA 3 has in common, and other readers take no notice of. */
    private static final String LOW = "rope.scaling.low_freq_factor";

    private static final String HIGH = "rope.scaling.high_freq_factor";
    private static final String ORIGINAL = "rope.scaling.original_context_length";

    private LlamaGgufRope() {}

    /**
     * Puts what a file says into a configuration.
     *
     * @param prefix  of keys
     * @param factors divisors of the frequencies, null where there are none
     */
    static void read(ObjectNode config, GgufMetadata metadata, String prefix, GgufFile.Entry factors, int headDim) {
        double theta = metadata.optionalNumber(prefix + BASE).orElse(10000.0);
        String type = metadata.optionalString(prefix + TYPE).orElse("none");
        if (factors != null) {
            RotaryConfig asked = new RotaryConfig(
                    theta,
                    Scaling.LLAMA3,
                    1,
                    metadata.optionalNumber(prefix + LOW).orElse(RopeFactors.LOW_FREQUENCY_FACTOR),
                    metadata.optionalNumber(prefix + HIGH).orElse(RopeFactors.HIGH_FREQUENCY_FACTOR),
                    metadata.optionalNumber(prefix + ORIGINAL).orElse(RopeFactors.ORIGINAL_CONTEXT));
            RotaryJson.write(config, RopeFactors.llama3(factors, asked, headDim, metadata));
        } else if (type.equals("linear")) {
            RotaryJson.write(config, linear(theta, metadata.number(prefix + FACTOR)));
        } else if (type.equals("none")) {
            double factor = metadata.optionalNumber(prefix + LINEAR_FACTOR).orElse(1.0);
            if (factor == 1) {
                config.put("rope_theta", theta);
            } else {
                RotaryJson.write(config, linear(theta, factor));
            }
        } else {
            throw metadata.wrong(
                    prefix + TYPE,
                    "is " + Printable.quoted(type) + ", and only none, linear and llama3 frequencies can be read");
        }
    }

    private static RotaryConfig linear(double theta, double factor) {
        RotaryConfig plain = RotaryConfig.plain(theta);
        return new RotaryConfig(
                theta, Scaling.LINEAR, factor, plain.lowFrequency(), plain.highFrequency(), plain.originalContext());
    }

    /** Puts a model's embedding into the metadata of a file. */
    static void write(Map<String, Object> metadata, String prefix, RotaryConfig rotary) {
        if (rotary.scaling() == Scaling.DIVIDED) {
            throw new Failure(
                    "a divisor for each rotary frequency is not written to GGUF files",
                    "the model's rope_scaling",
                    "write it as a folder of safetensors");
        }
        metadata.put(prefix + BASE, (float) rotary.theta());
        if (rotary.scaling() == Scaling.LINEAR) {
            metadata.put(prefix + TYPE, "linear");
            metadata.put(prefix + FACTOR, (float) rotary.factor());
        } else if (rotary.scaling() == Scaling.LLAMA3) {
            metadata.put(prefix + LOW, (float) rotary.lowFrequency());
            metadata.put(prefix + HIGH, (float) rotary.highFrequency());
            metadata.put(prefix + ORIGINAL, (int) rotary.originalContext());
        }
    }

    /** The tensor of divisors, {@code [headDim / 2]}, if the embedding needs one. */
    static Optional<TensorEntry> factors(RotaryConfig rotary, int headDim) {
        if (rotary.scaling() != Scaling.LLAMA3) {
            return Optional.empty();
        }
        return Optional.of(
                Filled.vector(GgufNames.ROPE_FACTORS, Shape.of(headDim / 2), RopeFactors.divisors(rotary, headDim)));
    }
}
