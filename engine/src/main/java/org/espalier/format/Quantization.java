package org.espalier.format;

import java.util.Map;
import org.espalier.tensor.DType;

/**
 * In which type matrices are to be quantised when they are written, whose names and roles decide about details.
 *
 * @param type       of most of them; Q4_K stands for llama.cpp's mixture q4_k_m
 * @param importance what a squared error of each column of a matrix counts, by Hugging Face's name; where a matrix has none,
 *                   all columns count the same
 * @param loss       is told what every matrix loses
 */
public record Quantization(DType type, Map<String, float[]> importance, QuantizationLoss loss) {

    public Quantization {
        importance = Map.copyOf(importance);
    }

    /** All columns count the same, and nobody asks what is lost. */
    public static Quantization to(DType type) {
        return new Quantization(type, Map.of(), new QuantizationLoss());
    }
}
