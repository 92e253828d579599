package org.espalier.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.model.SumTree;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Scores a weight by the sums of its gradients, of which others have summed parts. */
final class GradientJoin {

    private final Backend backend;
    private final Queue queue;
    private final Saliency saliency;

    GradientJoin(Backend backend, Queue queue, Saliency saliency) {
        this.backend = backend;
        this.queue = queue;
        this.saliency = saliency;
    }

    /** The scores of a weight, or the vectors if it is one. */
    JoinedSums of(List<GradientSum> parts, Tensor weight) {
        String name = parts.getFirst().weight();
        List<ScoreSum> vectors = parts.stream()
                .map(GradientSum::vector)
                .filter(vector -> vector != null)
                .toList();
        if (!vectors.isEmpty()) {
            return new JoinedSums(name, null, null, new ArrayList<>(vectors));
        }
        Tensor gradient = null;
        Tensor squares = null;
        try {
            gradient = total(parts, false, weight.shape());
            squares = total(parts, true, weight.shape());
            double[][] axes = new double[2][];
            new WeightScores(backend, queue)
                    .compute(saliency, name, weight, gradient, squares, (along, axis) -> axes[axis] = along);
            return new JoinedSums(name, axes[0], axes[1], List.of());
        } finally {
            close(gradient);
            close(squares);
        }
    }

    /** The sum over all batches of each segment, from the last segment to the first; null if there is none. */
    private Tensor total(List<GradientSum> parts, boolean squares, Shape shape) {
        Map<Integer, SumTree<float[]>> segments = new TreeMap<>();
        for (GradientSum part : parts) {
            if (part.squares() == squares) {
                segments.computeIfAbsent(-part.segment(), segment -> new SumTree<>(GradientJoin::plus))
                        .add(new SumTree.Node<>(part.level(), part.index(), part.numbers()));
            }
        }
        return segments.values().stream()
                .map(SumTree::take)
                .reduce(GradientJoin::plus)
                .map(numbers -> tensor(numbers, shape))
                .orElse(null);
    }

    /** As a device adds float32. */
    private static float[] plus(float[] a, float[] b) {
        for (int i = 0; i < a.length; i++) {
            a[i] += b[i];
        }
        return a;
    }

    private Tensor tensor(float[] numbers, Shape shape) {
        Tensor tensor = backend.allocate(backend.computeType(), shape, "a gradient");
        double[] exact = new double[numbers.length];
        for (int i = 0; i < exact.length; i++) {
            exact[i] = numbers[i];
        }
        HostCopy.writeDoubles(backend, queue, exact, tensor);
        return tensor;
    }

    private static void close(Tensor tensor) {
        if (tensor != null) {
            tensor.buffer().close();
        }
    }
}
