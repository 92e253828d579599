package org.espalier.model.arch;

import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.model.RotaryConfig;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * The divisors of the rotary frequencies that GGUF keeps for Llama 3.1 and later: 1 for short wavelengths, {@code factor} for
 * long ones, and a ramp between; made from the parameters of the embedding, and turned back into them.
 */
final class RopeFactors {

    /** What every published Llama 3 uses, and files of other programs do not say. */
    static final double LOW_FREQUENCY_FACTOR = 1;

    static final double HIGH_FREQUENCY_FACTOR = 4;
    static final double ORIGINAL_CONTEXT = 8192;

    private static final double TOLERANCE = 1e-4;

    private RopeFactors() {}

    /** What each plain frequency is divided by, {@code headDim / 2} numbers. */
    static float[] divisors(RotaryConfig rotary, int headDim) {
        double[] plain = RotaryConfig.plain(rotary.theta()).frequencies(headDim);
        double[] scaled = rotary.frequencies(headDim);
        float[] divisors = new float[plain.length];
        for (int i = 0; i < divisors.length; i++) {
            divisors[i] = (float) (plain[i] / scaled[i]);
        }
        return divisors;
    }

    /**
     * The embedding whose divisors {@code tensor} holds, [headDim / 2].
     *
     * @param asked all of it but the factor
     * @throws org.espalier.error.Failure if the divisors are not those of llama3 scaling
     */
    static RotaryConfig llama3(GgufFile.Entry tensor, RotaryConfig asked, int headDim, GgufMetadata metadata) {
        int half = headDim / 2;
        if (tensor.type() != DType.F32
                || tensor.shape().rank() != 1
                || tensor.shape().dim(0) != half) {
            throw metadata.damaged("tensor '" + tensor.name() + "' is " + tensor.type() + " " + tensor.shape()
                    + ", not F32 [" + half + "]");
        }
        float[] divisors = new float[half];
        Blocks.decode(DType.F32, tensor.bytes(), 0, divisors, 0, half);
        RotaryConfig found = new RotaryConfig(
                asked.theta(),
                asked.scaling(),
                Double.parseDouble(Float.toString(divisors[half - 1])),
                asked.lowFrequency(),
                asked.highFrequency(),
                asked.originalContext());
        float[] expected = divisors(found, headDim);
        for (int i = 0; i < half; i++) {
            if (!(Math.abs(divisors[i] - expected[i]) <= TOLERANCE * expected[i])) {
                throw metadata.unsupported(
                        "the frequencies of '" + tensor.name() + "' are not those of llama3 scaling: number " + i
                                + " is " + divisors[i] + ", expected " + expected[i],
                        "use the safetensors checkpoint of this model");
            }
        }
        return found;
    }
}
