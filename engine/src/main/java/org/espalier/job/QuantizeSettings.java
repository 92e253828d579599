package org.espalier.job;

import java.util.Optional;
import org.espalier.tensor.DType;

/** In which form a model is quantised, and what is known of its inputs. */
public final class QuantizeSettings extends Settings<QuantizeSettings> {

    /** Forms of quantised weights. */
    public enum Form {
        /** GGUF: 32 numbers of 8 bits share a scale. */
        Q8_0("q8_0", DType.Q8_0),
        /** GGUF: 32 numbers of 4 bits share a scale. */
        Q4_0("q4_0", DType.Q4_0),
        /** GGUF: 32 numbers of 4 bits share a scale and a minimum. */
        Q4_1("q4_1", DType.Q4_1),
        /** GGUF: 16 numbers of 6 bits share a scale, which is one of 8 bits. */
        Q6_K("q6_k", DType.Q6_K),
        /** GGUF: llama.cpp's mixture of 4 and 6 bits. */
        Q4_K_M("q4_k_m", DType.Q4_K),
        /** Safetensors: 8 bits, a scale for each row, as the package compressed-tensors has them. */
        INT8_ROW("int8-row", DType.I8);

        private final String word;
        private final DType type;

        Form(String word, DType type) {
            this.word = word;
            this.type = type;
        }

        DType type() {
            return type;
        }

        /** Whether it is one of a folder, not of a file. */
        boolean isFolder() {
            return this == INT8_ROW;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    private final Form form;
    private CalibrationSettings calibration = CalibrationSettings.defaults();
    private MemorySettings memory = MemorySettings.defaults();
    private long seed = SEED;

    private QuantizeSettings(Form form) {
        this.form = form;
    }

    /** All numbers of a weight count the same, and nothing but the weights' own error is measured. */
    public static QuantizeSettings to(Form form) {
        return new QuantizeSettings(form);
    }

    /** What weights are stored in. */
    public Form form() {
        return form;
    }

    /** Texts by which numbers count, and on which it is measured what predictions lose. */
    public QuantizeSettings calibration(CalibrationSettings texts) {
        return with(copy -> copy.calibration = texts);
    }

    /** Texts by which numbers count, and on which it is measured what predictions lose. */
    public CalibrationSettings calibration() {
        return calibration;
    }

    /** Memory for going through the texts. */
    public QuantizeSettings memory(MemorySettings settings) {
        return with(copy -> copy.memory = settings);
    }

    /** Memory for going through the texts. */
    public MemorySettings memory() {
        return memory;
    }

    /** Draws the calibration texts. */
    public QuantizeSettings seed(long number) {
        return with(copy -> copy.seed = number);
    }

    /** Draws the calibration texts. */
    public long seed() {
        return seed;
    }

    /** Why the result cannot be written there, if it cannot; empty if it can. */
    public Optional<String> complaint(Destination out) {
        return form.isFolder() == out.isFolder()
                ? Optional.empty()
                : Optional.of("--out must name %s for %s, not %s"
                        .formatted(
                                form.isFolder() ? "a folder" : "a .gguf file",
                                form,
                                out.path().getFileName()));
    }

    @Override
    public Optional<String> complaint() {
        return calibration.complaint();
    }
}
