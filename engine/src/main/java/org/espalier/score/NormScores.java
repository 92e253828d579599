package org.espalier.score;

import java.util.Arrays;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Saliency;
import org.espalier.backend.Target;
import org.espalier.importance.AxisScores;
import org.espalier.tape.Step;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Scores of norms' weights. A weight times its gradient is {@code Σ_t (y − bias)·dy} of the norm's output, over a sequence
 * for the gradient of that sequence. Where heads are normalised a token has several rows.
 */
final class NormScores {

    /** {@code w·g} of each entry. */
    private static final String FIRST = "norm, first order";
    /** {@code w·f·w} of each entry. */
    private static final String SECOND = "norm, second order";

    private final Backend backend;
    private final Saliency saliency;
    private final SequenceFactors factors;
    private final BatchSums sums;

    NormScores(Backend backend, Saliency saliency, SequenceFactors factors, BatchSums sums) {
        this.backend = backend;
        this.saliency = saliency;
        this.factors = factors;
        this.sums = sums;
    }

    void add(WeightUse norm, Step step) {
        int channels = norm.weight().shape().extent(0);
        double[] first = new double[channels];
        double[] second = new double[channels];
        double[] factor = factors.of(step.sequences());
        int rows = norm.output().shape().extent(0) / step.sequences().queries();
        Tensor shift = norm.shift() == null ? null : step.value(norm.shift());
        Tensor dots = backend.allocate(
                DType.F64, Shape.of(channels), "gradients of " + norm.weight().name());
        try {
            for (int s = 0; s < factor.length; s++) {
                int start = rows * step.sequences().queryStart()[s];
                int end = rows * step.sequences().queryStart()[s + 1];
                backend.columnDots(
                        step.queue(),
                        step.value(norm.output()).slice(start, end),
                        shift,
                        step.gradient(norm.output()).slice(start, end),
                        Target.overwrite(dots));
                double[] one = HostCopy.readDoubles(backend, step.queue(), dots);
                for (int k = 0; k < one.length; k++) {
                    first[k] += one[k];
                    second[k] += factor[s] * one[k] * one[k];
                }
            }
        } finally {
            dots.buffer().close();
        }
        sums.add(norm.weight().name(), FIRST, first);
        sums.add(norm.weight().name(), SECOND, second);
    }

    /** Enters the scores of every norm seen. */
    void enter(AxisScores scores) {
        for (String name : sums.weights(FIRST)) {
            double[] first = sums.take(name, FIRST);
            double[] second = sums.take(name, SECOND);
            double[] along = new double[first.length];
            Arrays.setAll(along, k -> Math.abs(saliency.of(1, first[k], second[k])));
            scores.put(name, 0, along);
        }
    }
}
