package org.espalier.model.arch;

import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/**
 * The divisors of the rotary frequencies that GGUF keeps for Llama 3.1 and later, turned back into the parameters they were
 * made from: 1 for short wavelengths, {@code factor} for long ones, and a ramp between.
 */
final class RopeFactors {

    /** What every published Llama 3 uses, and no GGUF file says. */
    static final double LOW_FREQUENCY_FACTOR = 1;

    static final double HIGH_FREQUENCY_FACTOR = 4;
    static final int ORIGINAL_CONTEXT = 8192;

    private static final double TOLERANCE = 1e-4;

    private RopeFactors() {}

    /**
     * The scaling factor behind {@code tensor}, [headDim / 2].
     *
     * @throws org.espalier.error.Failure if the divisors are not those of llama3 scaling
     */
    static double llama3Factor(GgufFile.Entry tensor, double theta, int headDim, GgufMetadata metadata) {
        int half = headDim / 2;
        if (tensor.type() != DType.F32
                || tensor.shape().rank() != 1
                || tensor.shape().dim(0) != half) {
            throw metadata.damaged("tensor '" + tensor.name() + "' is " + tensor.type() + " " + tensor.shape()
                    + ", not F32 [" + half + "]");
        }
        float[] divisors = new float[half];
        Blocks.decode(DType.F32, tensor.bytes(), 0, divisors, 0, half);
        double factor = divisors[half - 1];
        for (int i = 0; i < half; i++) {
            double expected = divisor(2 * Math.PI * Math.pow(theta, 2.0 * i / headDim), factor);
            if (!(Math.abs(divisors[i] - expected) <= TOLERANCE * expected)) {
                throw metadata.unsupported(
                        "the frequencies of '" + tensor.name() + "' are not those of llama3 scaling: number " + i
                                + " is " + divisors[i] + ", expected " + expected,
                        "use the safetensors checkpoint of this model");
            }
        }
        return Double.parseDouble(Float.toString((float) factor));
    }

    private static double divisor(double wavelength, double factor) {
        if (wavelength < ORIGINAL_CONTEXT / HIGH_FREQUENCY_FACTOR) {
            return 1;
        }
        if (wavelength > ORIGINAL_CONTEXT / LOW_FREQUENCY_FACTOR) {
            return factor;
        }
        double smooth =
                (ORIGINAL_CONTEXT / wavelength - LOW_FREQUENCY_FACTOR) / (HIGH_FREQUENCY_FACTOR - LOW_FREQUENCY_FACTOR);
        return 1 / ((1 - smooth) / factor + smooth);
    }
}
