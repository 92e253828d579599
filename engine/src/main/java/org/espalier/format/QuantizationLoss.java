package org.espalier.format;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.espalier.tensor.DType;

/** What weights lose when they are quantised, summed up while they are written. */
public final class QuantizationLoss {

    /**
     * What a matrix lost.
     *
     * @param name    Hugging Face's name
     * @param type    that it is stored in
     * @param error   sum of the squared errors
     * @param squares sum of the squared numbers
     */
    public record OfTensor(String name, DType type, double error, double squares) {

        /** The errors' root mean square, divided by that of the numbers; 0 for zeros. */
        public double relative() {
            return squares == 0 ? 0 : Math.sqrt(error / squares);
        }
    }

    private final Map<String, OfTensor> tensors = new LinkedHashMap<>();

    /** Notes what a matrix lost. */
    synchronized void note(OfTensor loss) {
        tensors.put(loss.name(), loss);
    }

    /** How many matrices were quantised. */
    public int count() {
        return tensors.size();
    }

    /** The errors' root mean square over all of them, divided by that of the numbers. */
    public double relative() {
        double error = tensors.values().stream().mapToDouble(OfTensor::error).sum();
        double squares =
                tensors.values().stream().mapToDouble(OfTensor::squares).sum();
        return new OfTensor("", DType.F32, error, squares).relative();
    }

    /** The matrix that lost most, relative to its numbers; empty if none was quantised. */
    public Optional<OfTensor> worst() {
        return tensors.values().stream().max(Comparator.comparingDouble(OfTensor::relative));
    }
}
